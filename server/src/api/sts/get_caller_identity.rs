//! GetCallerIdentity: whose key signed. Tools call it to learn the account for ARNs of their own making.

use wire::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    caller: &Caller,
    _: GetCallerIdentityRequest,
) -> Result<GetCallerIdentityResponse, ApiError> {
    let account = &caller.scope.account;
    // There are keys here and no users of their own, so the id of the root stands for all: the account itself.
    Ok(GetCallerIdentityResponse {
        account: Some(account.to_string()),
        arn: Some(caller.arn()),
        user_id: Some(account.to_string()),
    })
}

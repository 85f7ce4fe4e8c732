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
    // There are keys here and no users: a key is the root of its account, whose user id is the account itself.
    Ok(GetCallerIdentityResponse {
        account: Some(account.to_string()),
        arn: Some(format!("arn:aws:iam::{account}:root")),
        user_id: Some(account.to_string()),
    })
}

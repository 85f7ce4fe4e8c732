//! ListDeliveryStreams: names in alphabetical order.

use types::limits::LIST_DELIVERY_STREAMS_PAGE_DEFAULT;
use wire::firehose::{ListDeliveryStreamsInput, ListDeliveryStreamsOutput};

use super::{name, source_type};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: ListDeliveryStreamsInput,
) -> Result<ListDeliveryStreamsOutput, ApiError> {
    let after = input.exclusive_start_delivery_stream_name.as_deref().map(|after| name(Some(after))).transpose()?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIST_DELIVERY_STREAMS_PAGE_DEFAULT);
    let wanted = input.delivery_stream_type;
    let page = app.delivery.list(&caller.scope, after.as_ref(), limit, |source| {
        wanted.as_deref().is_none_or(|wanted| wanted == source_type(source))
    });
    Ok(ListDeliveryStreamsOutput {
        delivery_stream_names: Some(page.streams.iter().map(|stream| stream.name.to_string()).collect()),
        has_more_delivery_streams: Some(page.has_more),
    })
}

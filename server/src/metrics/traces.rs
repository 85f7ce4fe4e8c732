//! OpenTelemetry: a span for each request, sent to a collector (OTLP over HTTP, protobuf).
//!
//! Owns: the exporter and which spans it gets. Configured by the standard variables alone: nothing is sent unless
//! `OTEL_EXPORTER_OTLP_ENDPOINT` (or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`) is set; `OTEL_TRACES_SAMPLER` and
//! `OTEL_SERVICE_NAME` are honoured. Spans are made in `dispatch.rs`, whether or not anybody exports them.

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The address of traces themselves.
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
/// The address of a collector, under which each signal has its path.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_PATH: &str = "/v1/traces";
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

/// Why nothing can be exported.
#[derive(Debug, thiserror::Error)]
#[error("cannot export traces as the OTEL_ variables say: {0}")]
pub(crate) struct TracesError(#[from] ExporterBuildError);

/// The exporter; what it holds is sent when it is dropped, so it is dropped after the last request and outside of the
/// runtime.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// What the environment asks for. `lookup` is `std::env::var` outside tests.
    pub(crate) fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, TracesError> {
        let given = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let below = |base: String| format!("{}{TRACES_PATH}", base.trim_end_matches('/'));
        let Some(endpoint) = given(TRACES_ENDPOINT).or_else(|| given(ENDPOINT).map(below)) else { return Ok(None) };
        let exporter = SpanExporter::builder().with_http().with_endpoint(endpoint).build()?;
        let name = given(SERVICE_NAME).unwrap_or_else(|| "thalweg".into());
        let resource = Resource::builder().with_service_name(name).build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Some(Self(provider)))
    }

    /// What turns the spans of requests into OpenTelemetry's.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        let tracer = self.0.tracer("thalweg");
        let is_request = filter_fn(|metadata| metadata.is_span() && metadata.target() == crate::dispatch::SPAN_TARGET);
        tracing_opentelemetry::layer().with_tracer(tracer).with_filter(is_request)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use tracing_subscriber::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_exported_unasked() {
        assert!(Traces::from_environment(|_| None).unwrap().is_none());
        assert!(Traces::from_environment(|_| Some(String::new())).unwrap().is_none());
    }

    #[test]
    fn spans_of_requests_reach_the_collector_and_others_do_not() {
        let collector = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = collector.local_addr().unwrap();
        let lookup = |name: &str| (name == ENDPOINT).then(|| format!("http://{address}/"));
        let traces = Traces::from_environment(lookup).unwrap().unwrap();
        let subscriber = tracing_subscriber::registry().with(traces.layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug_span!(target: crate::dispatch::SPAN_TARGET, "request", otel.name = "PutRecords")
                .in_scope(|| ());
            tracing::debug_span!("nobody's business").in_scope(|| ());
        });
        let sent = std::thread::spawn(move || {
            let (mut stream, _) = collector.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            // The name stands in the body, so it has come when the body has.
            while !String::from_utf8_lossy(&request).contains("PutRecords") {
                let count = stream.read(&mut buffer).unwrap();
                assert!(count > 0, "the collector was told nothing");
                request.extend_from_slice(&buffer[..count]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
            String::from_utf8_lossy(&request).into_owned()
        });
        drop(traces);
        let sent = sent.join().unwrap();
        assert!(sent.starts_with("POST /v1/traces HTTP/1.1"), "{sent}");
        assert!(sent.contains("thalweg") && !sent.contains("nobody"), "{sent}");
    }
}

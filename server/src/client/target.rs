//! Whom a command talks to: what its flags say, else what AWS's own configuration says, else the local server that
//! published its address in the data directory, else AWS.

use std::path::{Path, PathBuf};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_types::region::Region;
use aws_types::service_config::ServiceConfigKey;
use types::SystemRandom;

use super::identity::Identity;
use super::{Client, ConnectError, Service};
use crate::keys;

/// The region of an endpoint that is not AWS's, when nothing names one: what `thalweg env` prints.
const REGION_DEFAULT: &str = "us-east-1";

/// What the flags of a command say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) endpoint_url: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
    /// AWS, even when a local server runs.
    pub(crate) aws: bool,
    /// Where a local server would have published its address.
    pub(crate) data_dir: Option<PathBuf>,
}

/// Finds the service, and who signs. Nothing is called yet.
pub(crate) async fn connect(
    wanted: &Wanted,
    published: impl Fn(&Path) -> Option<String>,
) -> Result<Client, ConnectError> {
    // With a region given, loading reads variables and files only; the true one is looked for below, when it matters.
    let settings = load(wanted, Region::from_static(REGION_DEFAULT)).await;
    let urls = Urls::configured(wanted, &settings);
    if urls.is_empty()
        && !wanted.aws
        && wanted.profile.is_none()
        && let Some(data_dir) = &wanted.data_dir
        && let Some(url) = published(data_dir)
    {
        let found = keys::find_or_make(data_dir, variable, &SystemRandom)?;
        let region = wanted.region.clone().or_else(|| variable("THALWEG_REGION"));
        let region = region.unwrap_or_else(|| REGION_DEFAULT.into());
        return Client::new(Urls::all(url), &region, Identity::Pair(found.pair));
    }
    let region = match region(wanted).await {
        Some(region) => region,
        None if urls.is_empty() => return Err(ConnectError::NoRegion),
        None => REGION_DEFAULT.into(),
    };
    let settings = load(wanted, Region::new(region.clone())).await;
    // The default chain is always there; whether it finds anything is known at the first call.
    let provider = settings.credentials_provider().expect("the loader always sets a chain");
    Client::new(urls, &region, Identity::chain(provider))
}

/// The endpoints that are set, by service.
#[derive(Debug, Clone, Default)]
pub(super) struct Urls {
    kinesis: Option<String>,
    dynamodb: Option<String>,
    others: Option<String>,
}

impl Urls {
    /// One endpoint that serves everything.
    pub(super) fn all(url: String) -> Self {
        Self { kinesis: Some(url.clone()), dynamodb: Some(url.clone()), others: Some(url) }
    }

    fn configured(wanted: &Wanted, settings: &SdkConfig) -> Self {
        if let Some(url) = &wanted.endpoint_url {
            return Self::all(url.clone());
        }
        if wanted.aws || variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|v| v.eq_ignore_ascii_case("true"))
        {
            return Self::default();
        }
        let of = |service: Service| configured(settings, service);
        Self {
            kinesis: of(Service::Kinesis),
            dynamodb: of(Service::DynamoDb),
            others: settings.endpoint_url().map(Into::into),
        }
    }

    fn is_empty(&self) -> bool {
        self.kinesis.is_none()
    }

    /// Where a service is.
    pub(super) fn of(&self, service: Service, region: &str) -> String {
        let url = match service {
            Service::Kinesis => &self.kinesis,
            Service::DynamoDb => &self.dynamodb,
            Service::Firehose | Service::Analytics => &self.others,
        };
        url.clone().unwrap_or_else(|| service.aws_url(region))
    }
}

/// `AWS_ENDPOINT_URL_KINESIS`, `AWS_ENDPOINT_URL`, then the same of the profile.
fn configured(settings: &SdkConfig, service: Service) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service.endpoint_id())
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .expect("all parts of the key are given");
    settings.service_config()?.load_config(key).filter(|url| !url.is_empty())
}

async fn load(wanted: &Wanted, region: Region) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region);
    if let Some(profile) = &wanted.profile {
        loader = loader.profile_name(profile);
    }
    loader.load().await
}

async fn region(wanted: &Wanted) -> Option<String> {
    if let Some(region) = &wanted.region {
        return Some(region.clone());
    }
    let mut chain = aws_config::default_provider::region::Builder::default();
    if let Some(profile) = &wanted.profile {
        chain = chain.profile_name(profile);
    }
    Some(chain.build().region().await?.to_string())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

use super::*;

fn files(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path).iter().map(|file| format!("{}/{file}", path.file_name().unwrap().display())));
        } else {
            found.push(path.file_name().unwrap().display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn a_local_object_is_one_file_under_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let config = BucketsConfig::in_data_dir(dir.path());
    let buckets = Buckets::open(config).unwrap();
    buckets.put("my-bucket", "year=2024/a b/orders-1.gz", "body".into()).await.unwrap();
    buckets.put("my-bucket", "year=2024/a b/orders-1.gz", "body of the retry".into()).await.unwrap();
    let root = dir.path().join("buckets");
    assert_eq!(files(&root), ["my-bucket/year=2024/a b/orders-1.gz"]);
    let file = root.join("my-bucket/year=2024/a b/orders-1.gz");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "body of the retry");
}

#[tokio::test]
async fn a_strange_key_stays_in_its_bucket() {
    let dir = tempfile::tempdir().unwrap();
    let buckets = Buckets::open(BucketsConfig::Local(dir.path().join("buckets"))).unwrap();
    for key in ["%2e%2e/%2E%2E/k", "a b#c?d/k", "größe/k", "back\\slash/..k", "%2fetc/k", "~/k"] {
        buckets.put("b", key, "v".into()).await.unwrap();
        assert!(dir.path().join("buckets/b").join(key).is_file(), "{key}");
    }
    for key in ["../k", "a/../../k", "a//k", "./k"] {
        assert!(buckets.put("b", key, "v".into()).await.is_err(), "{key}");
    }
    assert_eq!(files(&dir.path().join("buckets")).len(), 6);
}

#[tokio::test]
async fn what_a_crash_left_half_written_is_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let staging = dir.path().join(".staging");
    std::fs::create_dir_all(&staging).unwrap();
    std::fs::write(staging.join("orders-1"), "hal").unwrap();
    let buckets = Buckets::open(BucketsConfig::Local(dir.path().into())).unwrap();
    assert!(files(dir.path()).is_empty());
    buckets.put("b", "k", "v".into()).await.unwrap();
    assert_eq!(files(dir.path()), ["b/k"]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let error = Buckets::open(BucketsConfig::Local(dir.path().join("file/buckets"))).unwrap_err();
    assert!(matches!(error, BucketsError::Io { .. }), "{error}");
    std::fs::write(dir.path().join("bucket"), "").unwrap();
    let buckets = Buckets::open(BucketsConfig::Local(dir.path().into())).unwrap();
    assert!(buckets.put("bucket", "key", "v".into()).await.is_err());
}

#[test]
fn no_key_is_printed() {
    let config = S3Config { secret_access_key: Some("very secret".into()), ..S3Config::default() };
    assert!(!format!("{config:?}").contains("secret\""));
    assert!(!format!("{:?}", BucketsConfig::S3(config)).contains("very secret"));
}

/// Answers one request with 200 and gives back what it asked.
async fn one_request(listener: tokio::net::TcpListener) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut connection, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"the body") {
        connection.read_buf(&mut request).await.unwrap();
    }
    let answer = b"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n";
    connection.write_all(answer).await.unwrap();
    String::from_utf8(request).unwrap()
}

#[tokio::test]
async fn an_s3_endpoint_gets_a_signed_put() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = S3Config {
        endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
        region: Some("eu-west-1".into()),
        access_key_id: Some("AKID".into()),
        secret_access_key: Some("secret".into()),
        allow_http: true,
        ..S3Config::default()
    };
    let buckets = Buckets::open(BucketsConfig::S3(config)).unwrap();
    let (request, put) =
        tokio::join!(one_request(listener), buckets.put("bucket", "y=2024/orders 1.gz", "the body".into()));
    put.unwrap();
    assert!(request.starts_with("PUT /bucket/y%3D2024/orders%201.gz HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("Credential=AKID/") && request.contains("/eu-west-1/s3/aws4_request"), "{request}");
}

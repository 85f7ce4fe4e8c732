use wire::firehose::{
    DataFormatConversionConfiguration, DynamicPartitioningConfiguration, EncryptionConfiguration, KMSEncryptionConfig,
    ProcessorParameter,
};

use super::*;

fn read_with(change: impl FnOnce(&mut ExtendedS3DestinationConfiguration)) -> Result<Destination, String> {
    let mut extended = ExtendedS3DestinationConfiguration {
        bucket_arn: Some("arn:aws:s3:::bucket".into()),
        role_arn: Some("arn:aws:iam::000000000000:role/firehose".into()),
        ..Default::default()
    };
    change(&mut extended);
    let input =
        CreateDeliveryStreamInput { extended_s3_destination_configuration: Some(extended), ..Default::default() };
    read(input).map_err(|error| error.message)
}

#[test]
fn the_least_that_can_be_given_has_the_documented_defaults() {
    let destination = read_with(|_| {}).unwrap();
    assert_eq!(destination.buffering, BufferingHints { size_mb: 5, interval_seconds: 300 });
    assert_eq!(destination.compression, Compression::Uncompressed);
    assert_eq!((destination.prefix, destination.logging, destination.processing), (None, None, None));
}

#[test]
fn the_legacy_form_means_the_same() {
    let plain = S3DestinationConfiguration {
        bucket_arn: Some("arn:aws:s3:::bucket".into()),
        role_arn: Some("arn:aws:iam::000000000000:role/firehose".into()),
        prefix: Some("p/".into()),
        compression_format: Some("GZIP".into()),
        ..Default::default()
    };
    let input = CreateDeliveryStreamInput { s3_destination_configuration: Some(plain), ..Default::default() };
    let legacy = read(input).map_err(|error| error.message);
    let extended = read_with(|config| {
        config.prefix = Some("p/".into());
        config.compression_format = Some("GZIP".into());
    });
    assert_eq!(legacy, extended);
}

#[test]
fn one_destination_is_needed() {
    let none = read(CreateDeliveryStreamInput::default()).unwrap_err();
    assert_eq!(none.message, "Exactly one destination configuration is supported for a Firehose");
    let input = CreateDeliveryStreamInput {
        extended_s3_destination_configuration: Some(Default::default()),
        s3_destination_configuration: Some(Default::default()),
        ..Default::default()
    };
    assert!(read(input).is_err());
    let splunk =
        CreateDeliveryStreamInput { splunk_destination_configuration: Some(Default::default()), ..Default::default() };
    assert_eq!(read(splunk).unwrap_err().message, "Splunk destinations are not supported.");
}

#[test]
fn size_and_interval_come_together() {
    let hints = |size_in_mbs, interval_in_seconds| {
        let hints = firehose::BufferingHints { size_in_mbs, interval_in_seconds };
        read_with(|config| config.buffering_hints = Some(hints)).map(|destination| destination.buffering)
    };
    assert_eq!(hints(Some(1), Some(0)), Ok(BufferingHints { size_mb: 1, interval_seconds: 0 }));
    assert_eq!(hints(None, None), Ok(BufferingHints::default()));
    assert!(hints(Some(1), None).is_err());
    assert!(hints(None, Some(60)).is_err());
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    let check = |word: &str, change: fn(&mut ExtendedS3DestinationConfiguration)| {
        let message = read_with(change).unwrap_err();
        assert!(message.contains(word) && message.ends_with(" is not supported."), "{message}");
    };
    check("format conversion", |c| c.data_format_conversion_configuration = Some(Default::default()));
    check("Dynamic partitioning", |c| {
        let on = DynamicPartitioningConfiguration { enabled: Some(true), ..Default::default() };
        c.dynamic_partitioning_configuration = Some(on);
    });
    check("KMS", |c| {
        let kms = Some(KMSEncryptionConfig::default());
        c.encryption_configuration =
            Some(EncryptionConfiguration { kms_encryption_config: kms, no_encryption_config: None });
    });
    check("backup", |c| c.s3_backup_mode = Some("Enabled".into()));
    check("backup", |c| c.s3_backup_configuration = Some(Default::default()));
    for format in ["ZIP", "Snappy", "HADOOP_SNAPPY"] {
        let message = read_with(|c| c.compression_format = Some(format.into())).unwrap_err();
        assert_eq!(message, format!("Compression format {format} is not supported."));
    }
}

#[test]
fn what_is_switched_off_passes() {
    let off = |c: &mut ExtendedS3DestinationConfiguration| {
        let conversion = DataFormatConversionConfiguration { enabled: Some(false), ..Default::default() };
        c.data_format_conversion_configuration = Some(conversion);
        let partitioning = DynamicPartitioningConfiguration { enabled: Some(false), ..Default::default() };
        c.dynamic_partitioning_configuration = Some(partitioning);
        c.s3_backup_mode = Some("Disabled".into());
        let none = EncryptionConfiguration { no_encryption_config: Some("NoEncryption".into()), ..Default::default() };
        c.encryption_configuration = Some(none);
    };
    assert!(read_with(off).is_ok());
}

#[test]
fn the_one_processor() {
    let processors = |list: Vec<(&str, Option<(&str, &str)>)>| {
        let processor = |(kind, parameter): (&str, Option<(&str, &str)>)| Processor {
            r#type: Some(kind.into()),
            parameters: parameter.map(|(name, value)| {
                vec![ProcessorParameter { parameter_name: Some(name.into()), parameter_value: Some(value.into()) }]
            }),
        };
        let processors = Some(list.into_iter().map(processor).collect());
        let config = ProcessingConfiguration { enabled: Some(true), processors };
        read_with(|c| c.processing_configuration = Some(config)).map(|destination| destination.processing)
    };
    let appends = |delimiter: Option<&str>| {
        let append_delimiter = Some(AppendDelimiter { delimiter: delimiter.map(Into::into) });
        Ok(Some(Processing { enabled: true, append_delimiter }))
    };
    assert_eq!(processors(vec![("AppendDelimiterToRecord", None)]), appends(None));
    assert_eq!(processors(vec![("AppendDelimiterToRecord", Some(("Delimiter", "\\n")))]), appends(Some("\\n")));
    assert!(processors(vec![("AppendDelimiterToRecord", Some(("LambdaArn", "x")))]).is_err());
    assert!(processors(vec![("AppendDelimiterToRecord", None), ("AppendDelimiterToRecord", None)]).is_err());
    assert_eq!(processors(vec![("Lambda", None)]).unwrap_err(), "Processor Lambda is not supported.");
}

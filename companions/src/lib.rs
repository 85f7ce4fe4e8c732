//! The small part of DynamoDB, CloudWatch and STS that KCL, KPL and the SDKs call, so that one endpoint serves them alone.
//!
//! Owns: tables of leases with conditional writes, the metrics that clients put, who the caller is. Refuses: being a
//! general DynamoDB; HTTP and AWS shapes.

pub mod cloudwatch;

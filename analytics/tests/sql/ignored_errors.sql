CREATE TABLE bids (
  item STRING,
  price INT,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '0' SECOND
) WITH ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:000000000000:stream/bids', 'aws.region' = 'us-east-1', 'format' = 'json', 'json.ignore-parse-errors' = 'true');
CREATE TABLE results (item STRING, price INT, ts TIMESTAMP(3)) WITH ('connector' = 'kinesis', 'stream' = 'results', 'format' = 'json');
INSERT INTO results SELECT * FROM bids;

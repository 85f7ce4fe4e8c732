-- 7 / 2 is 3 and INT stays INT, as in Flink.
CREATE TABLE bids (
  item STRING,
  price INT,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '0' SECOND
) WITH ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:000000000000:stream/bids', 'aws.region' = 'us-east-1', 'format' = 'json');
CREATE TABLE results (a INT, b INT, c BIGINT, d DECIMAL(12, 1), e DOUBLE) WITH ('connector' = 'kinesis', 'stream' = 'results', 'format' = 'json');
INSERT INTO results SELECT price / 2, price % 2 + 1, price + 3000000000, price + 0.5, price / 2e0 FROM bids;

CREATE TABLE bids (
  item STRING,
  price INT,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '0' SECOND
) WITH ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:000000000000:stream/bids', 'aws.region' = 'us-east-1', 'format' = 'json');
CREATE TABLE results (item STRING, w TIMESTAMP(3), n BIGINT) WITH ('connector' = 'kinesis', 'stream' = 'results', 'format' = 'json');
INSERT INTO results (n, item, w)
SELECT n + 1, name, s FROM (
  SELECT item AS name, window_start AS s, COUNT(*) AS n
  FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '-3' SECOND))
  GROUP BY item, window_start, window_end
) AS counted WHERE n > 1;

CREATE TABLE bids (
  item STRING,
  price INT,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '0' SECOND
) WITH ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:000000000000:stream/bids', 'aws.region' = 'us-east-1', 'format' = 'json');
CREATE TABLE results (item STRING, n BIGINT, total INT, mean INT, low INT, high INT, first_name STRING, `end` TIMESTAMP(3), `time` TIMESTAMP(3)) WITH ('connector' = 'kinesis', 'stream' = 'results', 'format' = 'json');
INSERT INTO results
SELECT item, COUNT(*), SUM(price), AVG(price), MIN(price), MAX(price), MIN(item), window_end, window_time
FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY window_start, window_end, window_time, item;

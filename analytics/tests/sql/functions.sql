CREATE TABLE bids (
  item STRING,
  price INT,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '0' SECOND
) WITH ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:000000000000:stream/bids', 'aws.region' = 'us-east-1', 'format' = 'json');
CREATE TABLE results (a STRING, b STRING, c INT, d STRING, e BIGINT, f BIGINT, g DOUBLE, h DOUBLE, i INT, j STRING, k TIMESTAMP(3), l INT, m STRING, n BOOLEAN, o STRING) WITH ('connector' = 'kinesis', 'stream' = 'results', 'format' = 'json');
INSERT INTO results
SELECT TRIM(item), SUBSTRING(item, 2, 3), CHAR_LENGTH(item), SUBSTRING(item FROM -2), EXTRACT(HOUR FROM ts), EXTRACT(YEAR FROM ts),
  ROUND(CAST(price AS DOUBLE) / 3, 2), SQRT(price), ABS(-price), DATE_FORMAT(ts, 'yyyy/MM/dd HH:mm'),
  TO_TIMESTAMP('2024-01-02 03:04', 'yyyy-MM-dd HH:mm'), POSITION('b' IN item), REPLACE(item, 'b', 'xy'),
  item LIKE 'a%' AND NOT price = 4, NULLIF(LEFT(item, 1), ' ') FROM bids;

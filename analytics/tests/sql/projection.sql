CREATE TABLE bids (
  item STRING,
  price INT,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '0' SECOND
) WITH ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:000000000000:stream/bids', 'aws.region' = 'us-east-1', 'format' = 'json');
CREATE TABLE results (item STRING, price INT, level STRING, doubled INT, label STRING NOT NULL, ts TIMESTAMP(3)) WITH ('connector' = 'kinesis', 'stream' = 'results', 'format' = 'json');
-- Record by record: no window, no watermark needed.
INSERT INTO results
SELECT UPPER(item), price,
  CASE WHEN price >= 5 THEN 'high' WHEN price >= 3 THEN 'middle' ELSE 'low' END,
  price * 2, CONCAT('item ', COALESCE(item, '?')) || '!', ts
FROM bids WHERE price IS NOT NULL AND price BETWEEN 1 AND 5 AND item NOT IN ('D') OR item IS NULL;

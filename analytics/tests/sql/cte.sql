-- Named subqueries, and two aggregates that differ in a cast only.
CREATE TABLE bids (
  item STRING,
  price INT,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'kinesis', 'stream' = 'bids', 'format' = 'json');
CREATE TABLE results (item STRING, mean INT, exact DOUBLE) WITH ('connector' = 'kinesis', 'stream' = 'results', 'format' = 'json');
INSERT INTO results
WITH cheap AS (
  SELECT window_start AS s, window_end AS e, item, price
  FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE price < 10
)
SELECT item, AVG(price), AVG(CAST(price AS DOUBLE)) FROM cheap GROUP BY s, e, item;

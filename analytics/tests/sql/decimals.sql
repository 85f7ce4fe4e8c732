CREATE TABLE sales (k INT, amount DECIMAL(10, 2), small SMALLINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'kinesis', 'stream' = 'sales', 'format' = 'json');
CREATE TABLE results (w TIMESTAMP(3), total DECIMAL(38, 2), mean DECIMAL(38, 6), smalls SMALLINT, bigs BIGINT, taxed DECIMAL(38, 4)) WITH ('connector' = 'kinesis', 'stream' = 'results', 'format' = 'json');
INSERT INTO results
SELECT window_start, SUM(amount), AVG(amount), SUM(small), SUM(CAST(small AS BIGINT)), SUM(amount * 1.19)
FROM TABLE(TUMBLE(TABLE sales, DESCRIPTOR(ts), INTERVAL '1' DAY)) GROUP BY window_start, window_end;

CREATE TABLE readings (
  device STRING,
  millis BIGINT NOT NULL,
  celsius DOUBLE,
  ts AS TO_TIMESTAMP_LTZ(millis, 3),
  fahrenheit AS celsius * 1.8 + 32,
  arrival TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  `partition-key` STRING METADATA VIRTUAL,
  shard STRING METADATA FROM 'shard-id' VIRTUAL,
  number STRING METADATA FROM 'sequence-number',
  WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector' = 'kinesis', 'stream' = 'readings', 'format' = 'json');
CREATE TABLE results (device STRING, w TIMESTAMP(3), mean DOUBLE, high DOUBLE, last_arrival TIMESTAMP_LTZ(3)) WITH ('connector' = 'kinesis', 'stream' = 'results', 'format' = 'json');
CREATE TABLE raw (ts TIMESTAMP_LTZ(3), k STRING, shard STRING, number STRING, fahrenheit DOUBLE) WITH ('connector' = 'kinesis', 'stream' = 'raw', 'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601');
EXECUTE STATEMENT SET BEGIN
INSERT INTO results
SELECT device, window_start, ROUND(AVG(fahrenheit), 2), MAX(celsius), MAX(arrival)
FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '5' SECOND))
GROUP BY window_start, window_end, device;
INSERT INTO raw SELECT ts, `partition-key`, shard, number, fahrenheit FROM readings;
END;

-- Average and maximum CPU per core and window of five seconds, by the time of measurement.
CREATE TABLE telemetry (
  source STRING,
  core STRING,
  cpu DOUBLE,
  ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH (
  'connector' = 'kinesis',
  'stream.arn' = '{source}',
  'aws.region' = 'us-east-1',
  'source.init.position' = 'LATEST',
  'scan.watermark.idle-timeout' = '2 s',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true'
);

CREATE TABLE cpu_by_core (
  core STRING,
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  average DOUBLE,
  maximum DOUBLE,
  samples BIGINT
) WITH (
  'connector' = 'kinesis',
  'stream.arn' = '{sink}',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

INSERT INTO cpu_by_core
SELECT core, window_start, window_end, AVG(cpu), MAX(cpu), COUNT(*)
FROM TABLE(TUMBLE(TABLE telemetry, DESCRIPTOR(ts), INTERVAL '5' SECOND))
WHERE source = 'cpu'
GROUP BY core, window_start, window_end;

CREATE TABLE everything (b BOOLEAN, t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, m DECIMAL(10, 2), v VARCHAR(10), c CHAR(3), day DATE, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3)) WITH ('connector' = 'kinesis', 'stream' = 'a', 'format' = 'json', 'json.ignore-parse-errors' = 'true');
CREATE TABLE results (b BOOLEAN, t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, m DECIMAL(10, 2), v VARCHAR(10), c CHAR(3), day DATE, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3)) WITH ('connector' = 'kinesis', 'stream' = 'results', 'format' = 'json');
INSERT INTO results SELECT * FROM everything;

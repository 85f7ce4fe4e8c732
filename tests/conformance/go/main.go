// AWS SDK for Go v2.
package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func main() {
	reportClient("AWS SDK for Go v2", version())
	client, err := plain()
	if err != nil {
		panic(err)
	}
	for _, check := range []struct {
		name string
		run  func(user) error
	}{
		{"CreateStream", createStream},
		{"DeleteStream", deleteStream},
		{"DescribeStream", describeStream},
		{"GetRecords", getRecords},
		{"ListStreams", listStreams},
		{"MergeShards", mergeShards},
		{"PutRecord", putRecord},
		{"PutRecords", putRecords},
		{"SplitShard", splitShard},
		{"SubscribeToShard", user.subscribe},
		{"UpdateShardCount", updateShardCount},
		{"modelled errors arrive as their types", modelledErrors},
	} {
		feature(check.name, func() error { return check.run(client) })
	}
	feature("everything over TLS", func() error {
		client, err := secure()
		if err != nil {
			return err
		}
		return client.subscribe()
	})
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/aws/aws-sdk-go-v2/service/kinesis" {
			return module.Version
		}
	}
	return ""
}

func expect(what string, seen, expected any) error {
	if fmt.Sprint(seen) != fmt.Sprint(expected) {
		return fmt.Errorf("%s: %v expected, %v seen", what, expected, seen)
	}
	return nil
}

func createStream(u user) error {
	stream, err := u.stream(2)
	if err != nil {
		return err
	}
	shards, err := u.openShards(stream.StreamName)
	if err != nil {
		return err
	}
	return expect("the last hash key", *shards[1].HashKeyRange.EndingHashKey, top)
}

func deleteStream(u user) error {
	stream, err := u.stream(1)
	if err != nil {
		return err
	}
	if _, err := u.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: stream.StreamName}); err != nil {
		return err
	}
	gone := kinesis.NewStreamNotExistsWaiter(u)
	return gone.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: stream.StreamName}, 20*time.Second)
}

func describeStream(u user) error {
	stream, err := u.stream(1)
	if err != nil {
		return err
	}
	exists := kinesis.NewStreamExistsWaiter(u)
	return exists.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: stream.StreamName}, 20*time.Second)
}

func getRecords(u user) error {
	stream, err := u.stream(1)
	if err != nil {
		return err
	}
	put, err := u.put(stream.StreamName, "\x00\xff", "0")
	if err != nil {
		return err
	}
	records, err := u.read(stream.StreamName, firstShard)
	if err != nil {
		return err
	}
	if age := time.Since(*records[0].ApproximateArrivalTimestamp); age.Abs() > time.Minute {
		return fmt.Errorf("the record is %s old", age)
	}
	return errors.Join(expect("the data", string(records[0].Data), "\x00\xff"),
		expect("the number", *records[0].SequenceNumber, *put.SequenceNumber))
}

func listStreams(u user) error {
	stream, err := u.stream(1)
	if err != nil {
		return err
	}
	pages := kinesis.NewListStreamsPaginator(u, &kinesis.ListStreamsInput{Limit: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, name := range page.StreamNames {
			if name == *stream.StreamName {
				return nil
			}
		}
	}
	return fmt.Errorf("%s is not listed", *stream.StreamName)
}

func mergeShards(u user) error {
	stream, err := u.stream(2)
	if err != nil {
		return err
	}
	if _, err := u.MergeShards(ctx, &kinesis.MergeShardsInput{
		StreamName: stream.StreamName, ShardToMerge: aws.String(firstShard), AdjacentShardToMerge: aws.String("shardId-000000000001"),
	}); err != nil {
		return err
	}
	return u.becomes(stream.StreamName, 1)
}

func splitShard(u user) error {
	stream, err := u.stream(1)
	if err != nil {
		return err
	}
	if _, err := u.SplitShard(ctx, &kinesis.SplitShardInput{
		StreamName: stream.StreamName, ShardToSplit: aws.String(firstShard), NewStartingHashKey: aws.String(half),
	}); err != nil {
		return err
	}
	return u.becomes(stream.StreamName, 2)
}

func updateShardCount(u user) error {
	stream, err := u.stream(2)
	if err != nil {
		return err
	}
	if _, err := u.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{
		StreamName: stream.StreamName, TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling,
	}); err != nil {
		return err
	}
	return u.becomes(stream.StreamName, 4)
}

// becomes waits for the end of a reshard and counts the open shards.
func (u user) becomes(name *string, shards int) error {
	if _, err := u.active(name); err != nil {
		return err
	}
	open, err := u.openShards(name)
	if err != nil {
		return err
	}
	return expect("the open shards", len(open), shards)
}

func putRecord(u user) error {
	stream, err := u.stream(2)
	if err != nil {
		return err
	}
	put, err := u.put(stream.StreamName, "x", top)
	if err != nil {
		return err
	}
	return expect("the shard", *put.ShardId, "shardId-000000000001")
}

func putRecords(u user) error {
	stream, err := u.stream(1)
	if err != nil {
		return err
	}
	var entries []types.PutRecordsRequestEntry
	for i := range 500 {
		key := strconv.Itoa(i)
		entries = append(entries, types.PutRecordsRequestEntry{Data: []byte(key), PartitionKey: &key})
	}
	out, err := u.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: stream.StreamName, Records: entries})
	if err != nil {
		return err
	}
	records, err := u.read(stream.StreamName, firstShard)
	if err != nil {
		return err
	}
	for i, record := range records {
		if err := expect("a record", string(record.Data), i); err != nil {
			return err
		}
	}
	return errors.Join(expect("the failed records", *out.FailedRecordCount, 0), expect("the records", len(records), 500))
}

func modelledErrors(u user) error {
	_, err := u.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("unknown")})
	var gone *types.ResourceNotFoundException
	if !errors.As(err, &gone) {
		return fmt.Errorf("ResourceNotFoundException expected, %w seen", err)
	}
	_, err = u.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: aws.String("garbage")})
	var invalid *types.InvalidArgumentException
	if !errors.As(err, &invalid) {
		return fmt.Errorf("InvalidArgumentException expected, %w seen", err)
	}
	return nil
}

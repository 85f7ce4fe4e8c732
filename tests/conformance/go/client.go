package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	half       = "170141183460469231731687303715884105728"
	top        = "340282366920938463463374607431768211455"
	firstShard = "shardId-000000000000"
)

var (
	ctx  = context.Background()
	made = 0
)

// user is a client with one word for each thing that the checks need again and again.
type user struct{ *kinesis.Client }

func plain() (user, error) {
	settings, err := config.LoadDefaultConfig(ctx, config.WithBaseEndpoint(os.Getenv("THALWEG_ENDPOINT")), config.WithRetryMaxAttempts(1))
	return user{kinesis.NewFromConfig(settings)}, err
}

func secure() (user, error) {
	pem, err := os.ReadFile(os.Getenv("THALWEG_CA_FILE"))
	if err != nil {
		return user{}, err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)
	transport := awshttp.NewBuildableClient().WithTransportOptions(func(transport *http.Transport) {
		transport.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
		transport.ForceAttemptHTTP2 = true
	})
	key := credentials.NewStaticCredentialsProvider(os.Getenv("TLS_AWS_ACCESS_KEY_ID"), os.Getenv("TLS_AWS_SECRET_ACCESS_KEY"), "")
	settings, err := config.LoadDefaultConfig(ctx, config.WithBaseEndpoint(os.Getenv("THALWEG_TLS_ENDPOINT")),
		config.WithRetryMaxAttempts(1), config.WithHTTPClient(transport), config.WithCredentialsProvider(key))
	return user{kinesis.NewFromConfig(settings)}, err
}

// stream makes a stream and waits until it is active.
func (u user) stream(shards int32) (*types.StreamDescriptionSummary, error) {
	made++
	name := aws.String(fmt.Sprintf("go-%d", made))
	if _, err := u.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: &shards}); err != nil {
		return nil, err
	}
	return u.active(name)
}

func (u user) active(name *string) (*types.StreamDescriptionSummary, error) {
	for {
		out, err := u.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})
		if err != nil {
			return nil, err
		}
		if out.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive {
			return out.StreamDescriptionSummary, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (u user) openShards(name *string) ([]types.Shard, error) {
	filter := &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}
	out, err := u.ListShards(ctx, &kinesis.ListShardsInput{StreamName: name, ShardFilter: filter})
	if err != nil {
		return nil, err
	}
	return out.Shards, nil
}

func (u user) put(name *string, data, hash string) (*kinesis.PutRecordOutput, error) {
	return u.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: name, Data: []byte(data), PartitionKey: aws.String("k"), ExplicitHashKey: &hash,
	})
}

func (u user) read(name *string, shard string) ([]types.Record, error) {
	iterator, err := u.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: name, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		return nil, err
	}
	out, err := u.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator.ShardIterator})
	if err != nil {
		return nil, err
	}
	return out.Records, nil
}

func (u user) consumer(arn *string) (*types.ConsumerDescription, error) {
	name := aws.String("reader")
	if _, err := u.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: arn, ConsumerName: name}); err != nil {
		return nil, err
	}
	for {
		out, err := u.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{StreamARN: arn, ConsumerName: name})
		if err != nil {
			return nil, err
		}
		if out.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			return out.ConsumerDescription, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// subscribe sees an old record, is woken by a new one, and is told of the children at the shard's end.
func (u user) subscribe() error {
	stream, err := u.stream(1)
	if err != nil {
		return err
	}
	if _, err := u.put(stream.StreamName, "before", "0"); err != nil {
		return err
	}
	consumer, err := u.consumer(stream.StreamARN)
	if err != nil {
		return err
	}
	out, err := u.SubscribeToShard(ctx, &kinesis.SubscribeToShardInput{
		ConsumerARN: consumer.ConsumerARN, ShardId: aws.String(firstShard),
		StartingPosition: &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon},
	})
	if err != nil {
		return err
	}
	events := out.GetStream()
	defer events.Close()
	seen := ""
	for event := range events.Events() {
		value := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent).Value
		for _, record := range value.Records {
			seen += string(record.Data) + " "
			if seen == "before " {
				_, err = u.put(stream.StreamName, "after", "0")
			} else {
				_, err = u.SplitShard(ctx, &kinesis.SplitShardInput{
					StreamName: stream.StreamName, ShardToSplit: aws.String(firstShard), NewStartingHashKey: aws.String(half),
				})
			}
			if err != nil {
				return err
			}
		}
		if len(value.ChildShards) > 0 {
			if seen != "before after " || len(value.ChildShards) != 2 {
				return fmt.Errorf("seen %q and %d children", seen, len(value.ChildShards))
			}
			return nil
		}
	}
	return fmt.Errorf("the events ended without the shard's children: %w", events.Err())
}

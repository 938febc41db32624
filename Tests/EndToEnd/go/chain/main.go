// Command chain writes to a stream while it is split and merged, and follows it with
// SubscribeToShard over HTTP/2: every record must come once, in order for its key, and the
// children of each shard must be told when it ends.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	total     = 300
	keys      = 7
	half      = "170141183460469231731687303715884105728"
	firstName = "shardId-000000000000"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("every record once, in order")
}

// protocols remembers which version of HTTP each answer came by.
type protocols struct {
	next http.RoundTripper
	lock sync.Mutex
	seen map[string]int
}

func (p *protocols) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := p.next.RoundTrip(request)
	if err == nil {
		p.lock.Lock()
		p.seen[response.Proto]++
		p.lock.Unlock()
	}
	return response, err
}

type staticCredentials struct{}

func (staticCredentials) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example"}, nil
}

type chain struct {
	client   *kinesis.Client
	stream   string
	consumer string

	lock    sync.Mutex
	records []types.Record
	started map[string]bool
	done    map[string]bool
	parents map[string][]string
	failure error
	context context.Context
}

func run() error {
	authority, err := os.ReadFile(os.Getenv("AWS_CA_BUNDLE"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return errors.New("the CA bundle holds no certificate")
	}
	transport := &protocols{seen: map[string]int{}, next: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		ForceAttemptHTTP2: true,
	}}
	deadline, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	c := &chain{
		stream:  os.Args[1],
		started: map[string]bool{},
		done:    map[string]bool{},
		parents: map[string][]string{},
		context: deadline,
		client: kinesis.New(kinesis.Options{
			Region:           "us-east-1",
			Credentials:      staticCredentials{},
			EndpointResolver: kinesis.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL_KINESIS")),
			HTTPClient:       &http.Client{Transport: transport},
			Retryer:          aws.NopRetryer{},
		}),
	}
	if err := c.prepare(); err != nil {
		return err
	}
	c.follow(firstName, &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon})
	if err := c.write(); err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	if transport.seen["HTTP/2.0"] == 0 || len(transport.seen) != 1 {
		return fmt.Errorf("not all answers came over HTTP/2: %v", transport.seen)
	}
	return nil
}

func (c *chain) prepare() error {
	shards := int32(1)
	if _, err := c.client.CreateStream(c.context, &kinesis.CreateStreamInput{
		StreamName: &c.stream, ShardCount: &shards}); err != nil {
		return fmt.Errorf("CreateStream: %w", err)
	}
	arn, err := c.active()
	if err != nil {
		return err
	}
	name := "go"
	registered, err := c.client.RegisterStreamConsumer(c.context, &kinesis.RegisterStreamConsumerInput{
		StreamARN: &arn, ConsumerName: &name})
	if err != nil {
		return fmt.Errorf("RegisterStreamConsumer: %w", err)
	}
	c.consumer = *registered.Consumer.ConsumerARN
	for {
		described, err := c.client.DescribeStreamConsumer(c.context,
			&kinesis.DescribeStreamConsumerInput{ConsumerARN: &c.consumer})
		if err != nil {
			return fmt.Errorf("DescribeStreamConsumer: %w", err)
		}
		if described.ConsumerDescription.ConsumerStatus == types.ConsumerStatusActive {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// active waits until the stream is ACTIVE and returns its ARN.
func (c *chain) active() (string, error) {
	for {
		summary, err := c.client.DescribeStreamSummary(c.context,
			&kinesis.DescribeStreamSummaryInput{StreamName: &c.stream})
		if err != nil {
			return "", fmt.Errorf("DescribeStreamSummary: %w", err)
		}
		if summary.StreamDescriptionSummary.StreamStatus == types.StreamStatusActive {
			return *summary.StreamDescriptionSummary.StreamARN, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// write puts the records, with a split after the first third and a merge after the second.
func (c *chain) write() error {
	for number := 0; number < total; number++ {
		switch number {
		case total / 3:
			parent, at := firstName, half
			if _, err := c.client.SplitShard(c.context, &kinesis.SplitShardInput{
				StreamName: &c.stream, ShardToSplit: &parent, NewStartingHashKey: &at}); err != nil {
				return fmt.Errorf("SplitShard: %w", err)
			}
		case 2 * total / 3:
			left, right := "shardId-000000000001", "shardId-000000000002"
			if _, err := c.client.MergeShards(c.context, &kinesis.MergeShardsInput{
				StreamName: &c.stream, ShardToMerge: &left, AdjacentShardToMerge: &right}); err != nil {
				return fmt.Errorf("MergeShards: %w", err)
			}
		}
		if number == total/3 || number == 2*total/3 {
			if _, err := c.active(); err != nil {
				return err
			}
		}
		key := strconv.Itoa(number % keys)
		if _, err := c.client.PutRecord(c.context, &kinesis.PutRecordInput{
			StreamName: &c.stream, PartitionKey: &key, Data: []byte(strconv.Itoa(number))}); err != nil {
			return fmt.Errorf("PutRecord %d: %w", number, err)
		}
	}
	return nil
}

// follow reads a shard to its end in a goroutine, then its children whose parents are all read.
func (c *chain) follow(shard string, position *types.StartingPosition) {
	c.started[shard] = true
	go func() {
		children, err := c.read(shard, position)
		c.lock.Lock()
		defer c.lock.Unlock()
		if err != nil {
			if c.failure == nil {
				c.failure = fmt.Errorf("%s: %w", shard, err)
			}
			return
		}
		c.done[shard] = true
		for _, child := range children {
			c.parents[*child.ShardId] = child.ParentShards
		}
		for child, parents := range c.parents {
			ready := !c.started[child]
			for _, parent := range parents {
				ready = ready && c.done[parent]
			}
			if ready {
				c.follow(child, &types.StartingPosition{Type: types.ShardIteratorTypeTrimHorizon})
			}
		}
	}()
}

// read subscribes again and again until the shard's end has been told.
func (c *chain) read(shard string, position *types.StartingPosition) ([]types.ChildShard, error) {
	for {
		output, err := c.client.SubscribeToShard(c.context, &kinesis.SubscribeToShardInput{
			ConsumerARN: &c.consumer, ShardId: &shard, StartingPosition: position})
		if err != nil {
			return nil, fmt.Errorf("SubscribeToShard: %w", err)
		}
		stream := output.GetStream()
		for event := range stream.Events() {
			member, ok := event.(*types.SubscribeToShardEventStreamMemberSubscribeToShardEvent)
			if !ok {
				stream.Close()
				return nil, fmt.Errorf("an event of type %T", event)
			}
			c.lock.Lock()
			c.records = append(c.records, member.Value.Records...)
			c.lock.Unlock()
			if len(member.Value.ChildShards) > 0 {
				if member.Value.ContinuationSequenceNumber != nil {
					return nil, errors.New("children and a continuation in one event")
				}
				stream.Close()
				return member.Value.ChildShards, nil
			}
			if member.Value.ContinuationSequenceNumber == nil {
				return nil, errors.New("neither children nor a continuation")
			}
			position = &types.StartingPosition{
				Type:           types.ShardIteratorTypeAfterSequenceNumber,
				SequenceNumber: member.Value.ContinuationSequenceNumber,
			}
		}
		if err := stream.Close(); err != nil {
			return nil, fmt.Errorf("the stream: %w", err)
		}
	}
}

func (c *chain) check() error {
	for {
		c.lock.Lock()
		count, failure := len(c.records), c.failure
		c.lock.Unlock()
		if failure != nil {
			return failure
		}
		if count >= total {
			break
		}
		if c.context.Err() != nil {
			return fmt.Errorf("%d of %d records in time", count, total)
		}
		time.Sleep(10 * time.Millisecond)
	}
	// What came twice would come soon.
	time.Sleep(300 * time.Millisecond)
	c.lock.Lock()
	defer c.lock.Unlock()
	if len(c.records) != total {
		return fmt.Errorf("%d records instead of %d", len(c.records), total)
	}
	last := map[string]int{}
	for _, record := range c.records {
		number, err := strconv.Atoi(string(record.Data))
		if err != nil {
			return err
		}
		previous, known := last[*record.PartitionKey]
		if known && number != previous+keys || !known && number >= keys {
			return fmt.Errorf("key %s: %d after %d", *record.PartitionKey, number, previous)
		}
		last[*record.PartitionKey] = number
	}
	if !c.done[firstName] || !c.done["shardId-000000000001"] || !c.done["shardId-000000000002"] {
		return fmt.Errorf("the ended shards were not all told as ended: %v", c.done)
	}
	return nil
}

import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.retry.RetryMode;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.apache.ApacheHttpClient;
import software.amazon.awssdk.http.crt.AwsCrtAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;

/** The SDK's clients as users build them; only the endpoint and the trusted certificate are ours. */
final class Clients {
  private Clients() {}

  static KinesisClient blocking(URI endpoint, Wire wire) {
    return at(endpoint, KinesisClient.builder(), wire)
        .httpClientBuilder(ApacheHttpClient.builder().tlsTrustManagersProvider(trust(endpoint)))
        .build();
  }

  static KinesisAsyncClient async(URI endpoint, Protocol protocol) {
    return at(endpoint, KinesisAsyncClient.builder(), new Wire())
        .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(protocol).tlsTrustManagersProvider(trust(endpoint)))
        .build();
  }

  static KinesisAsyncClient crt(URI endpoint) {
    return at(endpoint, KinesisAsyncClient.builder(), new Wire())
        .httpClientBuilder(AwsCrtAsyncHttpClient.builder())
        .build();
  }

  private static <B extends AwsClientBuilder<B, ?>> B at(URI endpoint, B builder, Wire wire) {
    if (endpoint.equals(Environment.SECURE)) {
      builder.credentialsProvider(Environment.secureKey());
    }
    return builder.endpointOverride(endpoint).overrideConfiguration(o -> o
        .addExecutionInterceptor(wire)
        .apiCallTimeout(Duration.ofSeconds(25))
        .retryStrategy(RetryMode.STANDARD));
  }

  private static software.amazon.awssdk.http.TlsTrustManagersProvider trust(URI endpoint) {
    return endpoint.getScheme().equals("https") ? Environment::trust : null;
  }
}

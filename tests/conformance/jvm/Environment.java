import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/** What xtask gives a program; see ../README.md. */
final class Environment {
  static final URI PLAIN = URI.create(System.getenv("THALWEG_ENDPOINT"));
  static final URI SECURE = URI.create(System.getenv("THALWEG_TLS_ENDPOINT"));
  static final Path SCRATCH = Path.of(System.getenv("THALWEG_SCRATCH"));

  private Environment() {}

  /** The key of the server with TLS; that of the other is found by every SDK's default chain. */
  static StaticCredentialsProvider secureKey() {
    return StaticCredentialsProvider.create(AwsBasicCredentials.create(
        System.getenv("TLS_AWS_ACCESS_KEY_ID"), System.getenv("TLS_AWS_SECRET_ACCESS_KEY")));
  }

  /** Trusts the server's certificate and no other. */
  static TrustManager[] trust() {
    try (InputStream pem = Files.newInputStream(Path.of(System.getenv("THALWEG_CA_FILE")))) {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry("thalweg", CertificateFactory.getInstance("X.509").generateCertificate(pem));
      TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(store);
      return factory.getTrustManagers();
    } catch (Exception fault) {
      throw new IllegalStateException("THALWEG_CA_FILE", fault);
    }
  }
}

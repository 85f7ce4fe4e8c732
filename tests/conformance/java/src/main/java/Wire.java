import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/** Notes which content types went out and came in, so that a check can say that CBOR was really spoken. */
final class Wire implements ExecutionInterceptor {
  private final Set<String> contentTypes = new ConcurrentSkipListSet<>();

  @Override
  public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
    context.httpRequest().firstMatchingHeader("Content-Type").ifPresent(contentTypes::add);
    // Operations without output answer with an empty body.
    if (!context.httpResponse().firstMatchingHeader("Content-Length").orElse("").equals("0")) {
      context.httpResponse().firstMatchingHeader("Content-Type").ifPresent(contentTypes::add);
    }
  }

  void clear() {
    contentTypes.clear();
  }

  String contentTypes() {
    return contentTypes.toString();
  }
}

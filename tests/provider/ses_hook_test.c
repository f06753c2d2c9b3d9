#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "provider/ses_hook.h"

static struct arena mem = ARENA_INIT(16 * 1024 * 1024);

static void
check(const char *message, const char *want)
{
	struct value *events;
	struct error e;
	const char *got;

	assert(ses_hook_read(message, strlen(message), "m-1", &events,
	    &e) == 0);
	got = value_json(events, &mem);
	value_free(events);
	if (strcmp(got, want) != 0)
		fprintf(stderr, "got  %s\nwant %s\n", got, want);
	assert(strcmp(got, want) == 0);
}

#define MAIL	"\"mail\":{\"timestamp\":\"2026-11-24T02:00:00.9Z\"," \
	"\"messageId\":\"0100-0\",\"destination\":[\"Ana <A@x.org>\"]," \
	"\"tags\":{\"ref\":[\"a-1.r1@2F2.3\"]}}"
#define HEAD	"[{\"kind\":\"status\",\"provider\":\"ses\"," \
	"\"channel_type\":\"email\",\"provider_id\":\"0100-0\"," \
	"\"status\":"
#define REF	"\"reference\":\"a-1.r1/2.3\","
#define TAIL	"\"at\":\"2026-11-24T02:00:00Z\",\"key\":\"ses:m-1:0\"}]"

static void
test_kinds(void)
{
	check("{\"eventType\":\"Send\",\"send\":{}," MAIL "}", HEAD
	    "\"accepted\",\"raw_status\":\"Send\"," REF
	    "\"to\":\"Ana <A@x.org>\"," TAIL);
	check("{\"notificationType\":\"Delivery\",\"delivery\":{"
	    "\"recipients\":[\"a@x.org\"]}," MAIL "}", HEAD
	    "\"delivered\",\"raw_status\":\"Delivery\"," REF
	    "\"to\":\"a@x.org\"," TAIL);
	check("{\"eventType\":\"Click\",\"click\":{\"link\":\"https://a\","
	    "\"userAgent\":\"U\",\"timestamp\":\"2026-11-24T02:00:00Z\"},"
	    MAIL "}", HEAD "\"read\",\"raw_status\":\"Click\","
	    "\"user_agent\":\"U\",\"link\":\"https://a\"," REF
	    "\"to\":\"Ana <A@x.org>\"," TAIL);
	check("{\"eventType\":\"Reject\",\"reject\":{\"reason\":"
	    "\"Bad content\"}," MAIL "}", HEAD
	    "\"failed\",\"raw_status\":\"Reject\",\"code\":\"Reject\","
	    "\"title\":\"Bad content\"," REF "\"to\":\"Ana <A@x.org>\","
	    TAIL);
	check("{\"eventType\":\"Rendering Failure\",\"failure\":{"
	    "\"errorMessage\":\"x\"}," MAIL "}", HEAD "\"failed\","
	    "\"raw_status\":\"Rendering Failure\","
	    "\"code\":\"RenderingFailure\",\"title\":\"x\"," REF
	    "\"to\":\"Ana <A@x.org>\"," TAIL);
	check("{\"eventType\":\"DeliveryDelay\",\"deliveryDelay\":{"
	    "\"delayType\":\"MailboxFull\",\"delayedRecipients\":[{"
	    "\"emailAddress\":\"a@x.org\",\"status\":\"4.2.2\"}]}," MAIL "}",
	    HEAD "\"accepted\",\"raw_status\":\"DeliveryDelay\","
	    "\"code\":\"DeliveryDelay.MailboxFull\","
	    "\"mail_status\":\"4.2.2\"," REF "\"to\":\"a@x.org\"," TAIL);
}

static char *
bounce(const char *type, const char *sub, const char *to)
{
	return arena_printf(&mem, "{\"eventType\":\"Bounce\",\"bounce\":{"
	    "\"bounceType\":\"%s\",\"bounceSubType\":\"%s\","
	    "\"bouncedRecipients\":[{\"emailAddress\":\"%s\"}]}," MAIL "}",
	    type, sub, to);
}

static void
check_bounce(const char *type, const char *sub, const char *to,
    const char *status, bool dead)
{
	check(bounce(type, sub, to), arena_printf(&mem, HEAD "\"%s\","
	    "\"raw_status\":\"Bounce\",\"code\":\"%s.%s\",%s" REF
	    "\"to\":\"%s\"," TAIL, status, type, sub, dead ?
	    "\"dead\":true," : "", to));
}

static void
test_bounces(void)
{
	check_bounce("Permanent", "General", "a@X.org", "bounced", true);
	check_bounce("Permanent", "NoEmail", "a@x.org", "bounced", true);
	check_bounce("Permanent", "Suppressed", "a@x.org", "failed", false);
	check_bounce("Permanent", "OnAccountSuppressionList", "a@x.org",
	    "failed", true);
	check_bounce("Permanent", "NoEmail", "b@x.org", "bounced", false);
	check_bounce("Permanent", "New", "a@x.org", "bounced", false);
	check_bounce("Transient", "General", "a@x.org", "failed", false);
	check_bounce("Undetermined", "NoEmail", "a@x.org", "failed", false);
}

static void
test_complaints(void)
{
	check("{\"eventType\":\"Complaint\",\"complaint\":{"
	    "\"complaintFeedbackType\":\"abuse\",\"complaintSubType\":null},"
	    MAIL "}", HEAD "\"complained\",\"raw_status\":\"Complaint\","
	    "\"code\":\"Complaint.abuse\"," REF
	    "\"to\":\"Ana <A@x.org>\"," TAIL);
	check("{\"eventType\":\"Complaint\",\"complaint\":{"
	    "\"complaintSubType\":\"OnAccountSuppressionList\"}," MAIL "}",
	    HEAD "\"failed\",\"raw_status\":\"Complaint\","
	    "\"code\":\"Complaint.OnAccountSuppressionList\","
	    "\"opt_out\":\"all\"," REF "\"to\":\"Ana <A@x.org>\"," TAIL);
	check("{\"eventType\":\"Complaint\",\"complaint\":{"
	    "\"complaintFeedbackType\":\"not-spam\"},\"mail\":{\"messageId\":"
	    "\"1\"}}", "[{\"kind\":\"other\",\"provider\":\"ses\","
	    "\"channel_type\":\"email\",\"field\":\"Complaint\",\"raw\":{"
	    "\"eventType\":\"Complaint\",\"complaint\":{"
	    "\"complaintFeedbackType\":\"not-spam\"},\"mail\":{\"messageId\":"
	    "\"1\"}}}]");
}

static void
test_odd(void)
{
	struct buf many = BUF_INIT(64 * 1024);
	struct value *events;
	struct error e;

	check("Successfully validated", "[{\"kind\":\"other\",\"provider\":"
	    "\"ses\",\"channel_type\":\"email\","
	    "\"title\":\"Successfully validated\"}]");
	check("{\"eventType\":\"Send\",\"mail\":{\"messageId\":7}}",
	    "[{\"kind\":\"other\",\"provider\":\"ses\",\"channel_type\":"
	    "\"email\",\"field\":\"Send\",\"raw\":{\"eventType\":\"Send\","
	    "\"mail\":{\"messageId\":7}}}]");
	check("{\"eventType\":\"Delivery\",\"delivery\":7,\"mail\":{"
	    "\"messageId\":\"1\",\"timestamp\":\"1999-01-01T00:00:00Z\","
	    "\"destination\":{},\"tags\":{\"ref\":[\"@0\"]}}}",
	    "[{\"kind\":\"status\",\"provider\":\"ses\",\"channel_type\":"
	    "\"email\",\"provider_id\":\"1\",\"status\":\"delivered\","
	    "\"raw_status\":\"Delivery\",\"key\":\"ses:m-1:0\"}]");
	check("{\"eventType\":\"Send\",\"mail\":{\"messageId\":\"1\","
	    "\"destination\":[7,\"a\"]}}", "[{\"kind\":\"status\","
	    "\"provider\":\"ses\",\"channel_type\":\"email\","
	    "\"provider_id\":\"1\",\"status\":\"accepted\","
	    "\"raw_status\":\"Send\",\"key\":\"ses:m-1:0\"},{\"kind\":"
	    "\"status\",\"provider\":\"ses\",\"channel_type\":\"email\","
	    "\"provider_id\":\"1\",\"status\":\"accepted\",\"raw_status\":"
	    "\"Send\",\"to\":\"a\",\"key\":\"ses:m-1:1\"}]");
	buf_str(&many, "{\"eventType\":\"Send\",\"mail\":{\"messageId\":\"1\","
	    "\"destination\":[0");
	for (int i = 0; i < SES_RECIPIENTS_MAX; i++)
		buf_str(&many, ",0");
	buf_str(&many, "]}}");
	assert(ses_hook_read(buf_text(&many), many.len, "m", &events,
	    &e) == -1 && events == NULL && e.status == EX_DATAERR);
	buf_release(&many);
}

static bool
decodes(const char *tag, const char *want)
{
	char out[16];

	return ses_hook_reference(tag, out, sizeof(out)) ?
	    want != NULL && strcmp(out, want) == 0 : want == NULL;
}

static void
test_reference(void)
{
	assert(decodes("a.1", "a.1"));
	assert(decodes("a@40b@2f@C3@B1.1", "a@b/\xc3\xb1.1"));
	assert(decodes("", NULL));
	assert(decodes("a@", NULL));
	assert(decodes("a@4", NULL));
	assert(decodes("a@4g", NULL));
	assert(decodes("a@00b", NULL));
	assert(decodes("a@C3.1", NULL));
	assert(decodes("123456789012345", "123456789012345"));
	assert(decodes("1234567890123456", NULL));
}

int
main(void)
{
	record_setup();
	test_kinds();
	test_bounces();
	test_complaints();
	test_odd();
	test_reference();
	arena_release(&mem);
	return 0;
}

#include "twilio_hook.h"

#include "base/digest.h"

#define FORM	"application/x-www-form-urlencoded"
#define SID	"SM0123456789abcdef0123456789abcdef"

static char *
sign(const char *token, const char *data)
{
	unsigned char mac[20];
	char text[29];

	digest_hmac_sha1(token, strlen(token), data, strlen(data), mac);
	digest_base64(mac, sizeof(mac), text);
	return arena_strdup(&mem, text);
}

/* Whether a request to `url` is taken for one that was signed as `data`. */
static bool
takes(const char *url, const char *type, const char *body, const char *data)
{
	return twilio_signature_valid("secret", url, type, body, strlen(body),
	    sign("secret", data), &mem);
}

/* Twilio's own example: twilio.com/docs/usage/security. */
static void
test_documented_example(void)
{
	static const char body[] = "CallSid=CA1234567890ABCDE"
	    "&Caller=%2B14158675309&Digits=1234&From=%2B14158675309"
	    "&To=%2B18005551212";
	static const char url[] = "https://mycompany.com/myapp.php?foo=1&bar=2";
	static const char good[] = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
	const size_t len = sizeof(body) - 1;

	assert(twilio_signature_valid("12345", url, FORM, body, len, good,
	    &mem));
	assert(twilio_signature_valid("12345", url, FORM "; charset=UTF-8",
	    body, len, good, &mem));
	assert(!twilio_signature_valid("12346", url, FORM, body, len, good,
	    &mem));
	assert(!twilio_signature_valid("12345", url, FORM, body, len - 1,
	    good, &mem));
	assert(!twilio_signature_valid("12345", url, FORM, body, len, NULL,
	    &mem));
	assert(!twilio_signature_valid("12345", url, FORM, body, len, "",
	    &mem));
	assert(!twilio_signature_valid("12345", url, FORM, body, len,
	    "RSOYDt4T1cUTdK1PDd93/VVr8B8", &mem));
}

/* A secret that was forgotten in the configuration lets nobody in. */
static void
test_empty_token(void)
{
	assert(!twilio_signature_valid("", "https://h/", FORM, "a=b", 3,
	    sign("", "https://h/ab"), &mem));
}

static void
test_ports(void)
{
	assert(takes("https://h/p", FORM, "", "https://h/p"));
	assert(takes("https://h/p", FORM, "", "https://h:443/p"));
	assert(takes("http://h/p", FORM, "", "http://h:80/p"));
	assert(!takes("https://h/p", FORM, "", "https://h:80/p"));
	assert(takes("https://h:8443/p", FORM, "", "https://h/p"));
	assert(takes("https://h:8443/p", FORM, "", "https://h:8443/p"));
	assert(!takes("https://h:8443/p", FORM, "", "https://h:443/p"));
	assert(takes("https://u:1@h/p", FORM, "", "https://u:1@h:443/p"));
	assert(takes("https://u:1@h:9/p", FORM, "", "https://u:1@h/p"));
	assert(takes("https://u@h?x", FORM, "", "https://u@h:443?x"));
	assert(takes("https://[::1]/", FORM, "", "https://[::1]:443/"));
	assert(takes("https://[::1]:9/", FORM, "", "https://[::1]/"));
	assert(takes("HTTPS://h", FORM, "", "HTTPS://h:443"));
	assert(!takes("ftp://h/", FORM, "", "ftp://h/"));
	assert(!takes("https://", FORM, "", "https://"));
	assert(!takes("", FORM, "", ""));
}

static void
test_fragment_is_not_signed(void)
{
	assert(takes("https://h/p?a=1#rc=5&rp=all", FORM, "",
	    "https://h/p?a=1"));
	assert(takes("https://h#rc=5?x", FORM, "", "https://h:443"));
}

static void
test_query_encodings(void)
{
	static const char url[] = "https://h/?Body=It's+a%20b&x";

	assert(takes(url, FORM, "", url));
	assert(takes(url, FORM, "", "https://h/?Body=It%27s+a%20b&x"));
	assert(takes(url, FORM, "", "https://h/?Body=It's%20a%20b&x="));
	assert(takes(url, FORM, "", "https://h:443/?Body=It's%20a%20b&x="));
	assert(takes("https://h/?b=%C3%B1%27~", FORM, "",
	    "https://h/?b=%C3%B1'~"));
	assert(!takes(url, FORM, "", "https://h/?Body=Its+a%20b&x"));
	/* An apostrophe in the path is left alone. */
	assert(!takes("https://h/it's", FORM, "", "https://h/it%27s"));
}

static void
test_form_is_sorted_and_deduplicated(void)
{
	assert(takes("https://h/", FORM, "b=2&a=x&B=&b=1&b=2&b=10&_=%C3%B1",
	    "https://h/B_\xc3\xb1" "axb1b10b2"));
	assert(takes("https://h/", FORM, "SidAccount=AC&Sid=CA",
	    "https://h/SidCASidAccountAC"));
	assert(!takes("https://h/", FORM, "b=2&a=1", "https://h/b2a1"));
	assert(!takes("https://h/", FORM, "a=%00", "https://h/a"));
}

/* The parameters of a body that is no form are not signed. */
static void
test_other_bodies(void)
{
	static const char empty_hash[] = "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855";
	char hash[DIGEST_HEX], *url;

	url = arena_printf(&mem, "https://h/?a=1&bodySHA256=%s",
	    digest_sha256("{}", 2, hash));
	assert(takes(url, "application/json", "{}", url));
	assert(takes(url, NULL, "{}", url));
	assert(!takes(url, "application/json", "{ }", url));
	assert(!takes(url, NULL, "", url));
	assert(!takes(url, FORM, "", url));
	assert(!takes(url, FORM, "a=1",
	    arena_printf(&mem, "%sa1", url)));
	assert(!takes("https://h/?a=1", "application/json", "{}",
	    "https://h/?a=1"));
	assert(!takes("https://h/?bodySHA256=", "application/json", "{}",
	    "https://h/?bodySHA256="));
	assert(takes("https://h/?bodySHA256=", FORM, "a=b",
	    "https://h/?bodySHA256=ab"));
	url = arena_printf(&mem, "https://h/?bodySHA256=%s", empty_hash);
	assert(takes(url, NULL, "", url));
	assert(!takes("https://h/", FORM "x", "a=b", "https://h/ab"));
}

static void
test_get(void)
{
	static const char url[] = "https://h/?MessageSid=SM1&From=%2B52";

	assert(takes(url, NULL, "", url));
	assert(takes(url, "", "", url));
	assert(!takes(url, NULL, "x", url));
}

static void
refuses(enum twilio_hook kind, const char *body, const char *why)
{
	struct error e = { .status = 0 };
	struct value *event;

	assert(read_hook(kind, body, NULL, &event, &e) == -1);
	assert(event == NULL && e.status == EX_DATAERR);
	assert(strcmp(e.text, why) == 0);
}

static void
test_message(void)
{
	check(TWILIO_HOOK_MESSAGE, "MessageSid=" SID "&NumMedia=0"
	    "&From=%2B525512345678&To=%2B525587654321&Body=S%C3%AD+voy"
	    "&NumSegments=1&OptOutType=", NULL,
	    "{\"kind\":\"message\",\"provider\":\"twilio\","
	    "\"provider_id\":\"" SID "\",\"channel_type\":\"sms\","
	    "\"from\":\"+525512345678\",\"to\":\"+525587654321\","
	    "\"text\":\"S\xc3\xad voy\",\"media\":[],\"segments\":1,"
	    "\"key\":\"twilio:" SID ":received\"}");
	check(TWILIO_HOOK_MESSAGE, "MessageSid=MM1"
	    "&From=whatsapp:%2B525512345678&To=whatsapp:%2B525587654321"
	    "&Body=STOP&OptOutType=STOP&ButtonPayload=confirm:42"
	    "&MediaUrl0=https://t/1&MediaContentType0=image/jpeg"
	    "&MediaUrl1=https://t/2&MediaUrl3=https://t/4&NumSegments=x",
	    "ref=1",
	    "{\"kind\":\"message\",\"provider\":\"twilio\","
	    "\"provider_id\":\"MM1\",\"channel_type\":\"whatsapp\","
	    "\"from\":\"+525512345678\",\"to\":\"+525587654321\","
	    "\"text\":\"STOP\",\"opt_out_type\":\"STOP\","
	    "\"button_payload\":\"confirm:42\",\"media\":["
	    "{\"url\":\"https://t/1\",\"type\":\"image/jpeg\"},"
	    "{\"url\":\"https://t/2\"}],"
	    "\"key\":\"twilio:MM1:received\"}");
}

/* A person who hides the number; a carrier that signs with a name. */
static void
test_message_without_number(void)
{
	check(TWILIO_HOOK_MESSAGE, "MessageSid=SM1&From=&Body=%FF"
	    "&ExternalUserId=MX.13491208655302741918"
	    "&To=whatsapp:%2B525587654321", NULL,
	    "{\"kind\":\"message\",\"provider\":\"twilio\","
	    "\"provider_id\":\"SM1\",\"channel_type\":\"whatsapp\","
	    "\"from\":\"MX.13491208655302741918\","
	    "\"to\":\"+525587654321\",\"text\":\"\xef\xbf\xbd\","
	    "\"media\":[],\"key\":\"twilio:SM1:received\"}");
	check(TWILIO_HOOK_MESSAGE, "MessageSid=SM1&From=TELCEL&To=55123",
	    NULL, "{\"kind\":\"message\",\"provider\":\"twilio\","
	    "\"provider_id\":\"SM1\",\"channel_type\":\"sms\","
	    "\"from\":\"TELCEL\",\"to\":\"55123\",\"text\":\"\","
	    "\"media\":[],\"key\":\"twilio:SM1:received\"}");
}

static void
test_message_refused(void)
{
	const enum twilio_hook m = TWILIO_HOOK_MESSAGE;

	refuses(m, "", "MessageSid: missing");
	refuses(m, "MessageSid=", "MessageSid: missing");
	refuses(m, "MessageSid=CA1", "MessageSid: not a sid: CA1");
	refuses(m, "MessageSid=SM", "MessageSid: not a sid: SM");
	refuses(m, "MessageSid=SM1/..", "MessageSid: not a sid: SM1/..");
	refuses(m, "MessageSid=SM%C3%B1", "MessageSid: not a sid: SM\xc3\xb1");
	refuses(m, "MessageSid=SM" SID SID,
	    "MessageSid: not a sid: SM" SID SID);
	refuses(m, "MessageSid=SM1&To=%2B5255", "From: missing");
	refuses(m, "MessageSid=SM1&From=%2B5255", "To: missing");
	refuses(m, "MessageSid=SM1&To=%2B5255&From=%2B52x",
	    "From: not a number: +52x");
	refuses(m, "MessageSid=SM1&To=+5255&From=%2B5255",
	    "To: not a number:  5255");
	refuses(m, "MessageSid=SM1&To=%2B5255&From=%2B1234567890123456",
	    "From: not a number: +1234567890123456");
	refuses(m, "MessageSid=SM1&To=%2B5255&From=rcs:%2B5255",
	    "From: not a number: rcs:+5255");
	refuses(m, "MessageSid=SM1&To=whatsapp:&From=%2B5255",
	    "To: not a number: ");
}

static void
test_status(void)
{
	check(TWILIO_HOOK_STATUS, "MessageSid=" SID "&ErrorCode=30005"
	    "&MessageStatus=undelivered&To=%2B525512345678"
	    "&From=%2B525587654321", "m=1&ref=appt-42.r1%2F48h.2&x",
	    "{\"kind\":\"status\",\"provider\":\"twilio\","
	    "\"provider_id\":\"" SID "\",\"channel_type\":\"sms\","
	    "\"status\":\"failed\",\"raw_status\":\"undelivered\","
	    "\"code\":\"30005\",\"dead\":true,\"to\":\"+525512345678\","
	    "\"from\":\"+525587654321\","
	    "\"reference\":\"appt-42.r1/48h.2\","
	    "\"key\":\"twilio:" SID ":undelivered\"}");
	check(TWILIO_HOOK_STATUS, "MessageSid=SM1&MessageStatus=read"
	    "&To=whatsapp:%2B525512345678&ErrorCode=%0A", "ref=",
	    "{\"kind\":\"status\",\"provider\":\"twilio\","
	    "\"provider_id\":\"SM1\",\"channel_type\":\"whatsapp\","
	    "\"status\":\"read\",\"raw_status\":\"read\","
	    "\"to\":\"+525512345678\",\"key\":\"twilio:SM1:read\"}");
}

static void
test_status_names(void)
{
	static const char *const names[][2] = {
		{ "queued", "accepted" }, { "accepted", "accepted" },
		{ "scheduled", "accepted" }, { "sending", "accepted" },
		{ "sent", "sent" }, { "partially_delivered", "sent" },
		{ "delivered", "delivered" }, { "read", "read" },
		{ "undelivered", "failed" }, { "failed", "failed" },
		{ "canceled", "failed" }
	};
	struct value *event;
	struct error e;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert(read_hook(TWILIO_HOOK_STATUS, arena_printf(&mem,
		    "MessageSid=SM1&MessageStatus=%s", names[i][0]), NULL,
		    &event, &e) == 0);
		assert(strcmp(value_get_string(event, "status"),
		    names[i][1]) == 0);
		value_free(event);
	}
	refuses(TWILIO_HOOK_STATUS, "MessageSid=SM1",
	    "MessageStatus: missing");
	refuses(TWILIO_HOOK_STATUS, "MessageSid=SM1&MessageStatus=Sent",
	    "MessageStatus: unknown: Sent");
	refuses(TWILIO_HOOK_STATUS, "MessageStatus=sent",
	    "MessageSid: missing");
	refuses(TWILIO_HOOK_STATUS, "MessageSid=SM1&MessageStatus=sent&To=%0A",
	    "To: not a number: \n");
}

/* A reference that cannot be ours is no reason to lose the status. */
static void
test_long_query(void)
{
	static char query[2 * TWILIO_QUERY_MAX];
	struct value *event;
	struct error e;

	for (size_t len = 100; len < sizeof(query); len += 700) {
		memset(query, 'x', len);
		memcpy(query, "ref=", 4);
		assert(read_hook(TWILIO_HOOK_STATUS,
		    "MessageSid=SM1&MessageStatus=sent", query, &event,
		    &e) == 0);
		assert((value_get(event, "reference") != NULL) ==
		    (len <= 512 + 4));
		value_free(event);
	}
	for (size_t i = 0; i < TWILIO_QUERY_MAX; i += 2)
		memcpy(query + i, "&a", 2);
	query[TWILIO_QUERY_MAX] = '\0';
	assert(read_hook(TWILIO_HOOK_STATUS,
	    "MessageSid=SM1&MessageStatus=sent", query, &event, &e) == 0);
	value_free(event);
}

int
main(void)
{
	record_setup();
	test_documented_example();
	test_empty_token();
	test_ports();
	test_fragment_is_not_signed();
	test_query_encodings();
	test_form_is_sorted_and_deduplicated();
	test_other_bodies();
	test_get();
	test_message();
	test_message_without_number();
	test_message_refused();
	test_status();
	test_status_names();
	test_long_query();
	arena_release(&mem);
	return 0;
}

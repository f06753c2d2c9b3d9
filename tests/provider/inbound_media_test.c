/* Where media may be fetched: only at the provider's own hosts. */
#include "fixture.h"

#include "provider/inbound_media.h"

#define ACCOUNT	"AC00000000000000000000000000000000"
#define PATH	"/2010-04-01/Accounts/" ACCOUNT "/Messages/MM1/Media/ME1"

static const char settings[] = "[provider tw]\nkind = twilio\n"
    "account_sid = " ACCOUNT "\nauth_token = env:X\n"
    "[provider meta]\nkind = whatsapp\nphone_number_id = 42\n"
    "access_token = env:X\nbase_url = http://127.0.0.1:8080/x\n"
    "[provider mute]\nkind = whatsapp\nphone_number_id = 43\n";

static struct value *
parsed(const char *text)
{
	struct error e;
	struct value *v = value_parse(text, strlen(text), &e);

	assert(v != NULL);
	return v;
}

/* The URL, or why there is none. */
static const char *
find(const char *event_text, const char *one_text)
{
	struct value *event = parsed(event_text), *one = parsed(one_text);
	static struct inbound_media m;
	static struct error e;
	int rc = inbound_media_find(config, event, one, &m, &e);

	value_free(event);
	value_free(one);
	return rc == 0 ? m.url : e.text;
}

static bool
is(const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fprintf(stderr, "%s\nnot\n%s\n", got, want);
	return strcmp(got, want) == 0;
}

#define TWILIO		"{\"provider\":\"twilio\"}"
#define META(number)	"{\"provider\":\"whatsapp\",\"phone_number_id\":" \
			"\"" number "\"}"

static void
test_find(void)
{
	assert(is(find(TWILIO, "{\"url\":\"https://api.twilio.com" PATH
	    "\"}"), "https://api.twilio.com" PATH));
	assert(is(find(TWILIO, "{\"url\":\"https://evil.example" PATH "\"}"),
	    "not at a host of Twilio's"));
	assert(is(find(TWILIO, "{\"url\":\"http://api.twilio.com" PATH
	    "\"}"), "not at a host of Twilio's"));
	assert(is(find(TWILIO, "{\"url\":\"https://api.twilio.com/x\"}"),
	    "no URL of Twilio's media"));
	assert(is(find(TWILIO, "{\"url\":\"https://api.twilio.com/Accounts/"
	    "AC1/x\"}"), "no [provider] has the account that it is of"));
	assert(is(find(TWILIO, "{}"), "no URL of Twilio's"));
	assert(is(find(META("42"), "{\"id\":\"123\"}"),
	    "http://127.0.0.1:8080/x/v26.0/123?phone_number_id=42"));
	assert(is(find(META("42"), "{\"id\":\"../12?3\"}"),
	    "no id of WhatsApp's"));
	assert(is(find(META("41"), "{\"id\":\"123\"}"), "no [provider] has "
	    "the phone_number_id that it came to"));
	assert(is(find(META("43"), "{\"id\":\"123\"}"),
	    "[provider mute] has no access_token"));
	assert(is(find("{\"provider\":\"mail\"}", "{}"),
	    "no provider keeps it"));
}

static void
test_hosts(void)
{
	static const struct {
		const char *provider, *kind, *url;
		enum inbound_host host;
	} tries[] = {
		{ "tw", "twilio", "https://api.twilio.com/x", INBOUND_OURS },
		{ "tw", "twilio", "https://API.twilio.com:443/x",
		    INBOUND_OURS },
		{ "tw", "twilio", "https://media.twiliocdn.com/x",
		    INBOUND_KNOWN },
		{ "tw", "twilio", "https://mms.twilio.com/x", INBOUND_KNOWN },
		{ "tw", "twilio", "https://s3-external-1.amazonaws.com/x",
		    INBOUND_KNOWN },
		{ "tw", "twilio", "https://eviltwiliocdn.com/x",
		    INBOUND_STRANGE },
		{ "tw", "twilio", "https://.twiliocdn.com/x",
		    INBOUND_STRANGE },
		{ "tw", "twilio", "https://twiliocdn.com.evil.example/x",
		    INBOUND_STRANGE },
		{ "tw", "twilio", "https://api.twilio.com@evil.example/x",
		    INBOUND_STRANGE },
		{ "tw", "twilio", "https://api.twilio.com:8443/x",
		    INBOUND_STRANGE },
		{ "tw", "twilio", "http://media.twiliocdn.com/x",
		    INBOUND_STRANGE },
		{ "tw", "twilio", "http://127.0.0.1:8080/x",
		    INBOUND_STRANGE },
		{ "tw", "twilio", "https://api.twilio.com", INBOUND_OURS },
		{ "tw", "twilio", "file:///etc/passwd", INBOUND_STRANGE },
		{ "tw", "twilio", "", INBOUND_STRANGE },
		{ "meta", "whatsapp", "https://lookaside.fbsbx.com/x",
		    INBOUND_OURS },
		{ "meta", "whatsapp", "https://scontent.xx.fbcdn.net/x",
		    INBOUND_KNOWN },
		{ "meta", "whatsapp", "http://127.0.0.1:8080/_media/1",
		    INBOUND_OURS },
		{ "meta", "whatsapp", "http://127.0.0.1:80801/_media/1",
		    INBOUND_STRANGE },
		{ "meta", "whatsapp", "http://127.0.0.1/_media/1",
		    INBOUND_STRANGE },
		{ "meta", "whatsapp", "https://api.twilio.com/x",
		    INBOUND_STRANGE },
	};

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		const struct inbound_media m = { .provider =
		    tries[i].provider, .kind = tries[i].kind };

		if (inbound_media_host(config, &m, tries[i].url) !=
		    tries[i].host)
			fprintf(stderr, "%s\n", tries[i].url);
		assert(inbound_media_host(config, &m, tries[i].url) ==
		    tries[i].host);
	}
}

static void
test_link(void)
{
	static const char good[] = "{\"url\":\"https://lookaside.fbsbx.com/"
	    "x\",\"mime_type\":\"image/jpeg\",\"sha256\":\"e3b0c44298fc1c149"
	    "afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
	    "\"file_size\":\"303833\",\"id\":\"1\"}";
	static const char bare[] = "{\"url\":\"x\",\"sha256\":\"4jU=\","
	    "\"file_size\":7}";
	struct inbound_link link;
	struct error e;

	assert(inbound_media_link(good, strlen(good), &link, &e) == 0);
	assert(is(link.url, "https://lookaside.fbsbx.com/x"));
	assert(link.size == 303833 && strlen(link.digest) == 64);
	assert(inbound_media_link(bare, strlen(bare), &link, &e) == 0);
	assert(link.size == 7 && link.digest[0] == '\0');
	assert(inbound_media_link("{}", 2, &link, &e) == -1);
	assert(e.status == EX_TEMPFAIL);
	assert(inbound_media_link("<html>", 6, &link, &e) == -1);
}

int
main(void)
{
	record_setup();
	use_config(settings);
	test_find();
	test_hosts();
	test_link();
	config_free(config);
	return 0;
}

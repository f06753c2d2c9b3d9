#include "fixture.h"

#include "base/form.h"
#include "message/policy.h"
#include "provider/speech.h"

#define ACCOUNT	"AC00000000000000000000000000000000"
#define SID	"CA22222222222222222222222222222222"
#define OTHER	"CA33333333333333333333333333333333"
#define URL	"https://api.twilio.com/2010-04-01/Accounts/" ACCOUNT \
	"/Calls.json"
#define CREATED	"{\"sid\":\"" SID "\",\"status\":\"queued\"," \
	"\"price\":null,\"price_unit\":\"USD\"}"
#define STARTED	1795197600	/* 2026-11-20T18:00:00Z */
#define HEAD	"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>"
#define MENU	"<Say language=\"es-MX\">Para confirmar, oprima uno. Para " \
	"cancelar, oprima dos. Para que le llamemos, oprima tres.</Say>"
#define GATHER(query) "<Gather input=\"dtmf\" numDigits=\"1\" timeout=\"6\" " \
	"actionOnEmptyResult=\"true\" method=\"POST\" action=\"https://h/o/" \
	"twilio/voice?" query "#rc=5&amp;rp=all\">"

static const struct provider *twilio;
static struct arena mem = ARENA_INIT(4 * 1024 * 1024);

static struct order order = { .id = "a-1.r1/2", .channel = "voice",
    .provider = "twilio", .attempt = 1, .to = "+525512345678",
    .record = &record, .now = STARTED, .started = STARTED };

/* A configuration of one channel; each argument is lines of its section. */
static void
set_up(const char *site, const char *channel, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text), "[site]\n%s\n[channel voice]\n"
	    "type = voice\nprovider = twilio\n%s\n[provider twilio]\n"
	    "kind = twilio\naccount_sid = " ACCOUNT "\n"
	    "auth_token = env:TWILIO_SECRET\n%s\n", site, channel, more);
	use_config(text);
	order.config = config;
}

static void
standard(void)
{
	set_up("public_url = https://h/o", "from = +525587654321", "");
	use_record("{\"text\":\"Hola\",\"to\":\"+525512345678\"}");
	order.to = "+525512345678";
	order.sender = NULL;
}

/* The value of that parameter of the request. */
static const char *
parameter(const char *name)
{
	struct request out = built(twilio, &order);
	struct form f;
	struct error e;
	const char *value;

	assert(form_parse(&f, buf_text(&out.body), out.body.len, &mem,
	    &e) == 0);
	value = form_get(&f, name);
	buf_release(&out.body);
	return value;
}

static void
says(const char *twiml)
{
	same_text(parameter("Twiml"), twiml);
}

static void
test_build(void)
{
	standard();
	builds(twilio, &order, URL, "To=%2B525512345678&From=%2B525587654321"
	    "&Twiml=%3C%3Fxml+version%3D%221.0%22+encoding%3D%22UTF-8%22%3F"
	    "%3E%3CResponse%3E%3CSay+language%3D%22es-MX%22+loop%3D%222%22"
	    "%3EHola%3C%2FSay%3E%3C%2FResponse%3E"
	    "&StatusCallback=https%3A%2F%2Fh%2Fo%2Ftwilio%2Fcall%3Fref%3D"
	    "a-1.r1%252F2.1%23rc%3D5%26rp%3Dall&StatusCallbackEvent=initiated"
	    "&StatusCallbackEvent=ringing&StatusCallbackEvent=answered"
	    "&StatusCallbackEvent=completed&Timeout=20&TimeLimit=600"
	    "&MachineDetection=Enable");
	set_up("", "from = +525587654321\nring = 12s", "");
	same_text(parameter("Timeout"), "12");
	assert(parameter("StatusCallback") == NULL);
	assert(parameter("StatusCallbackEvent") == NULL);
}

static void
test_caller(void)
{
	static const char *const bad[] = { "Clinica", "5587654321", "+52",
	    "+5255876543210000", "+52 5587654321", "12345" };
	char from[64];

	standard();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(from, sizeof(from), "from = %s", bad[i]);
		set_up("", from, "");
		refuses(twilio, &order, EX_CONFIG, "[channel voice] from: not "
		    "a number of 8 to 15 digits with a plus");
	}
	set_up("", "", "");
	refuses(twilio, &order, EX_CONFIG, "[channel voice] from is not set");
	standard();
	order.to = "whatsapp:+525512345678";
	refuses(twilio, &order, EX_DATAERR, "to: not a number");
}

/* A reminder asks; without an address for the answer it cannot. */
static void
test_question(void)
{
	standard();
	use_record("{\"text\":\"Hola\",\"language\":\"es\","
	    "\"reminder\":{\"id\":\"a-1\",\"revision\":1,\"step\":2}}");
	says(HEAD GATHER("ref=a-1.r1%2F2.1&amp;lang=es")
	    "<Say language=\"es-MX\">Hola</Say><Pause length=\"1\"/>" MENU
	    "</Gather></Response>");
	/* What is cancelled can neither be confirmed nor declined. */
	use_record("{\"text\":\"Hola\",\"language\":\"es\","
	    "\"reminder\":{\"id\":\"a-1\",\"revision\":1,"
	    "\"notice\":\"cancelled\"}}");
	says(HEAD "<Say language=\"es-MX\" loop=\"2\">Hola</Say></Response>");
	use_record("{\"text\":\"Hola\",\"language\":\"es\","
	    "\"reminder\":{\"id\":\"a-1\",\"revision\":1,"
	    "\"notice\":\"moved\"}}");
	says(HEAD GATHER("ref=a-1.r1%2F2.1&amp;lang=es")
	    "<Say language=\"es-MX\">Hola</Say><Pause length=\"1\"/>" MENU
	    "</Gather></Response>");
	set_up("", "from = +525587654321", "");
	says(HEAD "<Say language=\"es-MX\" loop=\"2\">Hola</Say></Response>");
}

/* What the text is in, and not what the reader reads. */
static void
test_language_of_text(void)
{
	standard();
	use_record("{\"text\":\"Hi\",\"language\":\"fr\","
	    "\"voice\":{\"language\":\"en\"},\"reminder\":{}}");
	says(HEAD GATHER("ref=a-1.r1%2F2.1&amp;lang=en")
	    "<Say language=\"en-US\">Hi</Say><Pause length=\"1\"/>"
	    "<Say language=\"en-US\">To confirm, press one. To cancel, press "
	    "two. To be called back, press three.</Say></Gather></Response>");
	/* No sentences in French: those of the site, in its own voice. */
	use_record("{\"text\":\"Salut\",\"language\":\"fr\","
	    "\"reminder\":{}}");
	says(HEAD GATHER("ref=a-1.r1%2F2.1&amp;lang=fr")
	    "<Say language=\"fr-FR\">Salut</Say><Pause length=\"1\"/>" MENU
	    "</Gather></Response>");
	set_up("public_url = https://h/o", "from = +525587654321",
	    "[speech fr]\nmenu = Tapez un.\nconfirmed = a\ndeclined = b\n"
	    "call_back = c\ngoodbye = d");
	use_record("{\"text\":\"Salut\",\"language\":\"fr-CA\","
	    "\"reminder\":{}}");
	says(HEAD GATHER("ref=a-1.r1%2F2.1&amp;lang=fr-CA")
	    "<Say language=\"fr-CA\">Salut</Say><Pause length=\"1\"/>"
	    "<Say language=\"fr-FR\">Tapez un.</Say></Gather></Response>");
	/* What is no language does not get into an attribute or a URL. */
	use_record("{\"text\":\"Hola\",\"language\":\"\\\"><Hangup/>\","
	    "\"reminder\":{}}");
	says(HEAD GATHER("ref=a-1.r1%2F2.1")
	    "<Say language=\"es-MX\">Hola</Say><Pause length=\"1\"/>" MENU
	    "</Gather></Response>");
}

static void
test_languages(void)
{
	static const char *const all[][2] = {
		{ "es", "es-MX" }, { "es-MX", "es-MX" }, { "ES_mx", "es-MX" },
		{ "es-ES", "es-ES" }, { "es-AR", "es-MX" },
		{ "es-419", "es-MX" }, { "en", "en-US" },
		{ "en-GB", "en-GB" }, { "en-MX", "en-US" }, { "pt", "pt-BR" },
		{ "de-CH", "de-DE" }, { "zh", "zh-CN" }, { "nah", "es-MX" },
		{ "", "es-MX" }, { "x", "es-MX" }, { "ja", "ja-JP" },
		{ "en-GB-WLS", "en-GB-WLS" }
	};

	standard();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		same_text(speech_language(config, all[i][0]), all[i][1]);
	same_text(speech_language(config, NULL), "es-MX");
	set_up("region = US", "", "");
	same_text(speech_language(config, "es"), "es-US");
	set_up("region = GB\nlanguage = en", "", "");
	same_text(speech_language(config, "en"), "en-GB");
	same_text(speech_language(config, "nah"), "en-GB");
	set_up("language = nah", "", "");
	same_text(speech_language(config, "nah"), "en-US");
}

/* A voice has one language: it does not read another. */
static void
test_voice(void)
{
	standard();
	set_up("", "from = +525587654321\nvoice = Polly.Mia-Neural", "");
	says(HEAD "<Say language=\"es-MX\" voice=\"Polly.Mia-Neural\" "
	    "loop=\"2\">Hola</Say></Response>");
	use_record("{\"text\":\"Hi\",\"language\":\"en\"}");
	says(HEAD "<Say language=\"en-US\" loop=\"2\">Hi</Say></Response>");
	set_up("", "from = +525587654321\nvoice = a\"<&b", "");
	use_record("{\"text\":\"Hola\"}");
	says(HEAD "<Say language=\"es-MX\" voice=\"a&quot;&lt;&amp;b\" "
	    "loop=\"2\">Hola</Say></Response>");
}

static void
test_text(void)
{
	standard();
	use_record("{\"text\":\"<Luna> & \\\"Sol\\\" 👩🏽‍⚕️ 🇲🇽 1️⃣ 🐶, ñ\\n2\"}");
	says(HEAD "<Say language=\"es-MX\" loop=\"2\">&lt;Luna&gt; &amp; "
	    "&quot;Sol&quot;   1 , ñ\n2</Say></Response>");
	use_record("{\"text\":\"👍 🐶\\n\"}");
	refuses(twilio, &order, EX_DATAERR, "text: nothing that could be "
	    "said");
	use_record("{\"text\":\"\"}");
	refuses(twilio, &order, EX_DATAERR, "text: nothing that could be "
	    "said");
	use_record("{\"id\":\"m\"}");
	refuses(twilio, &order, EX_DATAERR, "text: missing");
	use_record("{\"text\":\"Hola\\u0007\"}");
	refuses(twilio, &order, EX_DATAERR, "text: ");
	use_record("{\"text\":\"Hola\\u202e\"}");
	refuses(twilio, &order, EX_DATAERR, "text: ");
}

/* Twilio counts characters, of all that it gets. */
static void
test_length(void)
{
	const size_t around = strlen(HEAD "<Say language=\"es-MX\" "
	    "loop=\"2\"></Say></Response>");
	struct buf text = BUF_INIT(RECORD_MAX);

	standard();
	buf_str(&text, "{\"text\":\"");
	for (size_t i = around; i < SPEECH_MAX; i++)
		buf_str(&text, "ñ");
	buf_str(&text, "\"}");
	use_record(buf_text(&text));
	assert(utf8_count(parameter("Twiml"), strlen(parameter("Twiml"))) ==
	    SPEECH_MAX);
	text.len -= 2;
	buf_str(&text, "&\"}");
	use_record(buf_text(&text));
	refuses(twilio, &order, EX_DATAERR, "text: 4005 characters with all "
	    "that goes around it; Twilio takes at most 4000 of a call");
	buf_release(&text);
}

static void
test_answers(void)
{
	struct verdict v;

	v = answers(twilio, 201, CREATED, OUTCOME_ACCEPTED);
	same_text(v.provider_id, SID);
	assert(v.segments == 0 && v.cost[0] == '\0');
	v = answers(twilio, 201, "{\"sid\":\"SM22222222222222222222222222222"
	    "222\"}", OUTCOME_UNKNOWN);
	same_text(v.text, "the answer's sid is not CA and 32 hexadecimal "
	    "digits");
	check_failures(twilio);
	check_halves(twilio, 201, CREATED);
	check_statuses(twilio);
	check_cut(twilio, 201, CREATED);
	check_retry_after(twilio, "{\"code\":20429}");
	v = answers(twilio, 400, "{\"code\":21215}", OUTCOME_SETUP);
	assert(v.bring_forward);
	v = answers(twilio, 400, "{\"code\":21216}", OUTCOME_REFUSED);
	assert(v.bring_forward);
	answers(twilio, 400, "{\"code\":21211}", OUTCOME_ADDRESS);
	answers(twilio, 400, "{\"code\":21210}", OUTCOME_SETUP);
}

/* The list. */

#define LIST	"/2010-04-01/Accounts/" ACCOUNT "/Calls.json?"
#define CALL(sid, at) "{\"sid\":\"" sid "\",\"direction\":\"outbound-api\"," \
	"\"to\":\"+525512345678\",\"from\":\"+525587654321\"," \
	"\"date_created\":\"Fri, 20 Nov 2026 " at " +0000\"}"

static char sids[512];

/* What is only alike has a question mark. */
static bool
found(void *ctx, const char *provider_id, bool certain)
{
	size_t n = strlen(sids);

	(void)ctx;
	snprintf(sids + n, sizeof(sids) - n, "%s%s%s", n == 0 ? "" : " ",
	    provider_id, certain ? "" : "?");
	return false;
}

static int
look(int status, const char *body, char page[2048])
{
	struct response r = { .started = true, .code = status,
	    .body = BUF_INIT(RESPONSE_MAX), .retry_after = -1 };
	int rc;

	sids[0] = page[0] = '\0';
	buf_str(&r.body, body);
	rc = twilio->look(&order, &r, found, NULL, page);
	buf_release(&r.body);
	return rc;
}

static void
finds(const char *calls, int rc, const char *want)
{
	char page[2048], body[8192];

	snprintf(body, sizeof(body), "{\"calls\":[%s],\"page\":0,"
	    "\"next_page_uri\":null}", calls);
	assert(look(200, body, page) == rc);
	same_text(sids, want);
	assert(page[0] == '\0');
}

static void
test_ask(void)
{
	struct request out = { .body = BUF_INIT(REQUEST_MAX) };
	struct error e;

	standard();
	assert(twilio->ask(&order, NULL, &out, &e) == 0);
	same_text(out.url, "https://api.twilio.com" LIST
	    "To=%2B525512345678&PageSize=50");
	same_text(out.method, "GET");
	assert(out.body.len == 0);
	assert(twilio->ask(&order, LIST "Page=1", &out, &e) == 0);
	assert(twilio->ask(&order, "/2010-04-01/Accounts/" ACCOUNT
	    "/Messages.json?Page=1", &out, &e) == -1);
}

/* When it was made is all that tells it from others. */
static void
test_look_times(void)
{
	static const struct {
		const char *call, *want;
	} all[] = {
		{ CALL(SID, "18:00:00"), SID },
		{ CALL(SID, "17:59:00"), SID }, { CALL(SID, "18:03:00"), SID },
		{ CALL(SID, "17:58:59"), SID "?" },
		{ CALL(SID, "18:03:01"), SID "?" },
		{ CALL(SID, "17:55:00"), SID "?" },
		{ CALL(SID, "19:00:00"), SID "?" },
		{ CALL(SID, "17:54:59"), "" }, { CALL(SID, "19:00:01"), "" },
		{ CALL(SID, "18:00:00") "," CALL(OTHER, "17:58:00"),
		    SID " " OTHER "?" }
	};

	standard();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		finds(all[i].call, 0, all[i].want);
	assert(POLICY_CALL_GAP > 240);
}

static void
test_look(void)
{
	static const char *const others[] = { "\"to\":\"+525500000000\","
	    "\"from\":\"+525587654321\",\"direction\":\"outbound-api\"",
	    "\"to\":\"+525512345678\",\"from\":\"+525500000000\","
	    "\"direction\":\"outbound-api\"",
	    "\"to\":\"+525512345678\",\"from\":\"+525587654321\","
	    "\"direction\":\"outbound-dial\"",
	    "\"to\":\"+525512345678\",\"from\":\"+525587654321\","
	    "\"direction\":\"inbound\"", "\"to\":\"+525512345678\"",
	    "\"from\":null,\"to\":7" };
	char call[512], page[2048];

	standard();
	finds("", 0, "");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(call, sizeof(call), "{\"sid\":\"" SID "\",%s,"
		    "\"date_created\":\"Fri, 20 Nov 2026 18:00:00 +0000\"}",
		    others[i]);
		finds(call, 0, "");
	}
	/* Who it was from then, whatever is configured now. */
	order.sender = "+525500000000";
	finds(CALL(SID, "18:00:00"), 0, "");
	standard();
	/* A rehearsal: calls for several people go to this one number. */
	use_record("{\"text\":\"Hola\",\"to\":\"+525511111111\"}");
	finds(CALL(SID, "18:00:00"), 0, SID "?");
	standard();
	/* What cannot be judged is no proof that there is none. */
	finds("{\"sid\":\"x\"}", -1, "");
	finds("7," CALL(SID, "18:00:00"), -1, "");
	finds("{\"sid\":\"" SID "\",\"date_created\":\"yesterday\"}", -1, "");
	assert(look(200, "{}", page) == -1);
	assert(look(200, "{\"messages\":[],\"next_page_uri\":null}",
	    page) == -1);
	assert(look(500, "{\"calls\":[],\"next_page_uri\":null}",
	    page) == -1);
}

static void
test_pages(void)
{
	static const char early[] = CALL(OTHER, "17:00:00");
	static const char late[] = CALL(OTHER, "19:30:00");
	char page[2048], body[4096];

	standard();
	snprintf(body, sizeof(body), "{\"calls\":[%s],\"page\":0,"
	    "\"next_page_uri\":\"" LIST "Page=1\"}", late);
	assert(look(200, body, page) == 1);
	same_text(page, LIST "Page=1");
	snprintf(body, sizeof(body), "{\"calls\":[%s],\"page\":0,"
	    "\"next_page_uri\":\"" LIST "Page=1\"}", early);
	assert(look(200, body, page) == 0);
	snprintf(body, sizeof(body), "{\"calls\":[%s],\"page\":0,"
	    "\"next_page_uri\":\"/elsewhere\"}", late);
	assert(look(200, body, page) == -1);
}

/* What the call goes on with. */

static void
goes_on(const char *query, const char *body, const char *want)
{
	struct buf out = BUF_INIT(64 * 1024);
	struct form f;
	struct error e;

	assert(form_parse(&f, body, strlen(body), &mem, &e) == 0);
	speech_answer(config, query, &f, &out);
	same_text(buf_text(&out), want);
	buf_release(&out);
}

#define THANKS(words)	HEAD "<Say language=\"es-MX\">" words "</Say>" \
	"<Hangup/></Response>"

static void
test_keys(void)
{
	static const char query[] = "ref=a-1.r1%2F2.1&lang=es";
	static const char again[] = "ref=a-1.r1%2F2.1&lang=es&n=2";
	static const char once_more[] = HEAD GATHER("ref=a-1.r1%2F2.1&amp;"
	    "lang=es&amp;n=2") MENU "</Gather></Response>";

	standard();
	goes_on(query, "Digits=1&AnsweredBy=human", THANKS("Gracias. Anotamos "
	    "su confirmación. Hasta luego."));
	goes_on(query, "Digits=2", THANKS("Gracias. Anotamos que no podrá "
	    "venir. Hasta luego."));
	goes_on(again, "Digits=3&AnsweredBy=unknown", THANKS("Gracias. Le "
	    "llamaremos en cuanto podamos. Hasta luego."));
	goes_on(query, "Digits=", once_more);
	goes_on(query, "Digits=7", once_more);
	goes_on(query, "Digits=11", once_more);
	goes_on(query, "", once_more);
	goes_on(again, "Digits=", THANKS("No recibimos respuesta. Hasta "
	    "luego."));
	goes_on(again, "Digits=*", THANKS("No recibimos respuesta. Hasta "
	    "luego."));
	/* Whoever listens is no person. */
	goes_on(query, "Digits=1&AnsweredBy=machine_start", HEAD
	    "<Hangup/></Response>");
	goes_on(query, "AnsweredBy=fax", HEAD "<Hangup/></Response>");
}

static void
test_odd_queries(void)
{
	standard();
	goes_on("", "Digits=1", THANKS("Gracias. Anotamos su confirmación. "
	    "Hasta luego."));
	goes_on("", "", THANKS("No recibimos respuesta. Hasta luego."));
	goes_on("ref=%22%3E%26&lang=%3C&n=1", "", HEAD
	    GATHER("ref=%22%3E%26&amp;n=2") MENU "</Gather></Response>");
	goes_on("ref=a.1&lang=en&n=9", "", HEAD "<Say language=\"en-US\">We "
	    "did not receive an answer. Goodbye.</Say><Hangup/></Response>");
	goes_on("ref=%00", "Digits=1", THANKS("Gracias. Anotamos su "
	    "confirmación. Hasta luego."));
	set_up("public_url = https://h/o", "from = +525587654321\n"
	    "voice = Polly.Mia", "");
	goes_on("lang=es", "Digits=1&From=%2B525587654321", HEAD
	    "<Say language=\"es-MX\" voice=\"Polly.Mia\">Gracias. Anotamos su "
	    "confirmación. Hasta luego.</Say><Hangup/></Response>");
}

int
main(void)
{
	record_setup();
	setenv("TWILIO_SECRET", SECRET, 1);
	twilio = provider_find("twilio", "voice");
	assert(twilio != NULL && twilio != provider_find("twilio", "sms"));
	test_build();
	test_caller();
	test_question();
	test_language_of_text();
	test_languages();
	test_voice();
	test_text();
	test_length();
	test_answers();
	test_ask();
	test_look_times();
	test_look();
	test_pages();
	test_keys();
	test_odd_queries();
	arena_release(&mem);
	done();
	return 0;
}

#include "fixture.h"

#define GOOD	"{\"id\":\"sPs71M8A2T\",\"time\":1795197601,\"expires\":" \
	"1795240801,\"event\":\"message\",\"topic\":\"citas-ana\"," \
	"\"title\":\"Su cita\",\"message\":\"Hola\"}"
#define NOW	1795197600	/* 2026-11-20T18:00:00Z */

static const struct provider *ntfy;

static struct order order = { .id = "m1", .channel = "push",
    .provider = "topics", .attempt = 1, .to = "citas-ana",
    .record = &record, .now = NOW + 60, .started = NOW };

static void
set_up(const char *lines)
{
	char text[2048];

	snprintf(text, sizeof(text), "[site]\nname = Clinica Roma\n"
	    "[channel push]\ntype = push\nprovider = topics\n"
	    "[provider topics]\nkind = ntfy\n%s\n", lines);
	use_config(text);
	order.config = config;
}

static void
standard(void)
{
	set_up("");
	use_record("{\"subject\":\"Su cita\",\"text\":\"Hola\","
	    "\"class\":\"reminder\"}");
	order.to = "citas-ana";
	order.now = NOW + 60;
}

static void
test_build(void)
{
	standard();
	builds(ntfy, &order, "https://ntfy.sh/", "{\"topic\":\"citas-ana\","
	    "\"title\":\"Su cita\",\"message\":\"Hola\",\"priority\":3}");
	set_up("base_url = https://push.clinic.example/n/\n"
	    "tags = calendar, dog");
	use_record("{\"text\":\"Mañana \\\"a las\\\" 10 😀\\n¿Viene?\","
	    "\"class\":\"alert\",\"link\":\"https://clinic.example/c?t=1\"}");
	builds(ntfy, &order, "https://push.clinic.example/n/",
	    "{\"topic\":\"citas-ana\",\"title\":\"Clinica Roma\",\"message\":"
	    "\"Mañana \\\"a las\\\" 10 😀\\n¿Viene?\",\"priority\":5,"
	    "\"click\":\"https://clinic.example/c?t=1\","
	    "\"tags\":[\"calendar\",\"dog\"]}");
}

static void
test_priority(void)
{
	static const struct {
		const char *class;
		int priority;
	} all[] = { { "alert", 5 }, { "transactional", 4 },
	    { "reminder", 3 }, { "own", 3 }, { "announcement", 2 },
	    { "marketing", 2 } };
	char text[256];

	standard();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(text, sizeof(text), "{\"subject\":\"a\",\"text\":"
		    "\"b\",\"class\":\"%s\"}", all[i].class);
		use_record(text);
		snprintf(text, sizeof(text), "{\"topic\":\"citas-ana\","
		    "\"title\":\"a\",\"message\":\"b\",\"priority\":%d}",
		    all[i].priority);
		builds(ntfy, &order, "https://ntfy.sh/", text);
	}
}

static void
test_refused(void)
{
	static const char *const bad[] = { "", "a/b", "a b", "a?b", "año",
	    "+525512345678", "../x", "{\"endpoint\":\"https://a.b/\"}",
	    "12345678901234567890123456789012345678901234567890123456789012345"
	};
	char text[8192], big[4098];
	struct request out;

	standard();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		order.to = bad[i];
		refuses(ntfy, &order, EX_DATAERR, "to: not a topic of ntfy, 1 "
		    "to 64 letters, digits, - and _");
	}
	order.to = "citas-ana";
	memset(big, 'x', sizeof(big));
	big[4097] = '\0';
	snprintf(text, sizeof(text), "{\"text\":\"%s\"}", big);
	use_record(text);
	refuses(ntfy, &order, EX_DATAERR, "text: 4097 bytes; ntfy takes at "
	    "most 4096");
	big[4096] = '\0';
	snprintf(text, sizeof(text), "{\"text\":\"%s\"}", big);
	use_record(text);
	out = built(ntfy, &order);
	buf_release(&out.body);
	use_record("{\"text\":\"x\"}");
	set_up("base_url = http://example.com");
	refuses(ntfy, &order, EX_CONFIG, "[provider topics] base_url: "
	    "neither https://");
}

static void
test_sign_in(void)
{
	struct credentials c;
	struct error e;

	set_up("");
	assert(ntfy->sign_in(config, "topics", &c, &e) == 0);
	assert(c.how == SIGN_IN_HEADERS);
	setenv("NTFY_TOKEN", SECRET, 1);
	set_up("access_token = env:NTFY_TOKEN");
	assert(ntfy->sign_in(config, "topics", &c, &e) == 0);
	assert(c.how == SIGN_IN_BEARER);
	same_text(buf_text(&c.secret), SECRET);
	buf_release(&c.secret);
	setenv("NTFY_TOKEN", SECRET "\nX-Evil: 1", 1);
	assert(ntfy->sign_in(config, "topics", &c, &e) == -1);
	assert(e.status == EX_CONFIG && strstr(e.text, SECRET) == NULL);
	buf_release(&c.secret);
	setenv("NTFY_TOKEN", "", 1);
	assert(ntfy->sign_in(config, "topics", &c, &e) == -1);
	buf_release(&c.secret);
}

static void
test_answers(void)
{
	struct verdict v = answers(ntfy, 200, GOOD, OUTCOME_ACCEPTED);

	same_text(v.provider_id, "sPs71M8A2T");
	same_text(answers(ntfy, 200, "{\"time\":1}", OUTCOME_UNKNOWN).text,
	    "the answer has no id");
	answers(ntfy, 200, "{\"id\":7}", OUTCOME_UNKNOWN);
	answers(ntfy, 200, "{\"id\":\"\"}", OUTCOME_UNKNOWN);
	answers(ntfy, 200, "{\"id\":\"a b\"}", OUTCOME_UNKNOWN);
	answers(ntfy, 200, "OK", OUTCOME_UNKNOWN);
	v = answers(ntfy, 429, "{\"code\":42901,\"http\":429,\"error\":"
	    "\"limit reached: too many requests\"}", OUTCOME_LATER);
	same_text(v.code, "42901");
	same_text(v.text, "limit reached: too many requests");
	assert(!v.outage);
	answers(ntfy, 400, "{\"code\":40009,\"http\":400,\"error\":\"topic "
	    "invalid\"}", OUTCOME_REFUSED);
	v = answers(ntfy, 403, "{\"code\":40301,\"http\":403,\"error\":"
	    "\"forbidden\"}", OUTCOME_SETUP);
	assert(!v.outage);
	answers(ntfy, 401, "{\"code\":40101,\"http\":401}", OUTCOME_SETUP);
	v = answers(ntfy, 404, "{\"code\":40401,\"http\":404,\"error\":"
	    "\"page not found\"}", OUTCOME_REFUSED);
	assert(!v.outage);
	answers(ntfy, 413, "{\"code\":41301,\"http\":413}", OUTCOME_REFUSED);
	/* It may have been taken before something else broke. */
	v = answers(ntfy, 500, "{\"code\":42901,\"http\":500}",
	    OUTCOME_UNKNOWN);
	assert(v.outage);
	answers(ntfy, 507, "{\"code\":50701,\"http\":507}", OUTCOME_UNKNOWN);
	check_halves(ntfy, 200, GOOD);
	check_cut(ntfy, 200, GOOD);
	check_statuses(ntfy);
	check_failures(ntfy);
	check_retry_after(ntfy, "{\"code\":42901,\"http\":429}");
}

/* The list, after a lost answer. */

struct hits {
	char text[256];
	const char *anothers;		/* an id that is not ours */
};

static bool
found(void *ctx, const char *provider_id, bool certain)
{
	struct hits *h = ctx;
	size_t n = strlen(h->text);

	if (h->anothers != NULL && strcmp(h->anothers, provider_id) == 0)
		return false;
	snprintf(h->text + n, sizeof(h->text) - n, "%s%c ", provider_id,
	    certain ? '!' : '?');
	return certain;
}

/* `want`: the ids that were found, "!" where they are certain. */
static void
looks(int status, const char *body, instant date, int rc, const char *want)
{
	struct response r = { .started = true, .code = status, .date = date,
	    .body = BUF_INIT(RESPONSE_MAX), .retry_after = -1 };
	struct hits h = { .anothers = "others" };
	char page[2048] = "";
	int got;

	buf_str(&r.body, body);
	got = ntfy->look(&order, &r, found, &h, page);
	if (got != rc)
		fprintf(stderr, "%s: got %d\n", body, got);
	assert(got == rc);
	same_text(h.text, want);
	buf_release(&r.body);
}

#define LINE(id, time, title, text) "{\"id\":\"" id "\",\"time\":" time \
	",\"event\":\"message\",\"topic\":\"citas-ana\",\"title\":\"" title \
	"\",\"message\":\"" text "\"}\n"

static void
test_ask(void)
{
	struct request out = { .body = BUF_INIT(1) };
	struct error e;

	standard();
	assert(ntfy->ask(&order, NULL, &out, &e) == 0);
	same_text(out.url, "https://ntfy.sh/citas-ana/json?poll=1&since=all");
	same_text(out.method, "GET");
	assert(out.content_type == NULL);
	assert(ntfy->ask(&order, "x", &out, &e) == -1);
	order.to = "../x";
	assert(ntfy->ask(&order, NULL, &out, &e) == -1);
	order.to = "citas-ana";
}

static void
test_look(void)
{
	standard();
	looks(200, "", 0, 0, "");
	looks(200, LINE("a", "1795197601", "Su cita", "Hola"), 0, 0, "a! ");
	/* Blanks at the ends are cut off there. */
	use_record("{\"subject\":\"Su cita\",\"text\":\" Hola\\n\"}");
	looks(200, LINE("a", "1795197601", "Su cita", "Hola"), 0, 0, "a! ");
	standard();
	/* Another text, title, event or attempt. */
	looks(200, LINE("a", "1795197601", "Su cita", "Adiós")
	    LINE("b", "1795197601", "Cita", "Hola")
	    "{\"id\":\"c\",\"time\":1795197601,\"event\":\"open\"}\n\n"
	    LINE("others", "1795197601", "Su cita", "Hola"), 0, 0, "");
	/* The same text of another time may be ours, and may be not. */
	looks(200, LINE("a", "1795190000", "Su cita", "Hola")
	    LINE("b", "1795204000", "Su cita", "Hola"), 0, 0, "a? b? ");
	looks(200, LINE("a", "1795190000", "Su cita", "Hola")
	    LINE("b", "1795197900", "Su cita", "Hola"), 0, 0, "a? b! ");
	/* Their clock is a day ahead, as their Date says. */
	looks(200, LINE("a", "1795284001", "Su cita", "Hola"),
	    NOW + 60 + 86400, 0, "a! ");
	looks(200, LINE("a", "1795197601", "Su cita", "Hola"),
	    NOW + 60 + 86400, 0, "a? ");
	/* Without a title there is the site's name. */
	use_record("{\"text\":\"Hola\"}");
	looks(200, LINE("a", "1795197601", "Clinica Roma", "Hola"), 0, 0,
	    "a! ");
}

static void
test_no_list(void)
{
	standard();
	looks(404, "", 0, -1, "");
	looks(200, "<html>", 0, -1, "");
	looks(200, "{}\n", 0, -1, "");
	looks(200, "{\"event\":\"message\",\"title\":\"Su cita\",\"message\":"
	    "\"Hola\"}\n", 0, -1, "");
	looks(200, "{\"event\":\"message\",\"id\":\"a\",\"title\":\"Su cita\","
	    "\"message\":\"Hola\",\"time\":\"now\"}\n", 0, -1, "");
	looks(200, LINE("b", "1795197601", "x", "x") "{\"event\":", 0, -1,
	    "");
	/* What the server need not keep any more is not there either. */
	order.now = NOW + 11 * 3600;
	looks(200, "", 0, 0, "");
	order.now = NOW + 11 * 3600 + 1;
	looks(200, "", 0, -1, "");
	looks(200, LINE("a", "1795197601", "Su cita", "Hola"), 0, 0, "a! ");
}

int
main(void)
{
	record_setup();
	ntfy = provider_find("ntfy", "push");
	assert(ntfy != NULL && ntfy->transport == TRANSPORT_HTTP);
	assert(provider_find("ntfy", "email") == NULL);
	test_build();
	test_priority();
	test_refused();
	test_sign_in();
	test_answers();
	test_ask();
	test_look();
	test_no_list();
	done();
	return 0;
}

#undef NDEBUG
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/io.h"
#include "provider/whatsapp_hook.h"

#define SECRET	"0123456789abcdef0123456789abcdef"
#define WAMID	"wamid.HBgNNTIxNTUxMjM0NTY3OBUCABEYEjhBN0I2QwA="

static struct arena mem = ARENA_INIT(64 * 1024 * 1024);

/* A change of `field` as Meta wraps it. */
static char *
wrap(const char *field, const char *value)
{
	return arena_printf(&mem, "{\"object\":\"whatsapp_business_account\","
	    "\"entry\":[{\"id\":\"1\",\"changes\":[{\"value\":%s,"
	    "\"field\":\"%s\"}]}]}", value, field);
}

static char *
wrap_status(const char *status)
{
	return wrap("messages", arena_printf(&mem, "{\"statuses\":[%s]}",
	    status));
}

static char *
wrap_message(const char *message)
{
	return wrap("messages", arena_printf(&mem, "{\"metadata\":{"
	    "\"display_phone_number\":\"15550783881\","
	    "\"phone_number_id\":\"106\"},\"contacts\":[{\"profile\":{"
	    "\"name\":\"Ana\"},\"wa_id\":\"5215512345678\"}],"
	    "\"messages\":[%s]}", message));
}

/* All events, as JSON, one after the other. */
static char *
read_all(const char *body)
{
	struct value *events;
	struct error e;
	char *json;

	assert(whatsapp_hook_read(body, strlen(body), &events, &e) == 0);
	json = value_json(events, &mem);
	value_free(events);
	return json;
}

static void
check(const char *body, const char *want)
{
	const char *got = read_all(body);

	if (strcmp(got, want) != 0)
		fprintf(stderr, "got  %s\nwant %s\n", got, want);
	assert(strcmp(got, want) == 0);
}

/* The text of the one event in `body`; "-" when there is no such member. */
static const char *
member(const char *body, const char *key)
{
	struct value *events;
	struct error e;
	const char *s;

	assert(whatsapp_hook_read(body, strlen(body), &events, &e) == 0);
	assert(value_count(events) == 1);
	s = value_get_string(value_at(events, 0), key);
	s = arena_strdup(&mem, s == NULL ? "-" : s);
	value_free(events);
	return s;
}

static void
is(const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fprintf(stderr, "got  %s\nwant %s\n", got, want);
	assert(strcmp(got, want) == 0);
}

static void
test_signature(void)
{
	static const char good[] = "sha256=796cd3078af14636753d26b3b5555422"
	    "ff55a3e261cf847b48e95371b9bd0aa2";
	char bad[sizeof(good)];

	assert(whatsapp_signature_valid(SECRET, "", 0, good));
	assert(!whatsapp_signature_valid(SECRET, " ", 1, good));
	assert(!whatsapp_signature_valid("x", "", 0, good));
	assert(!whatsapp_signature_valid("", "", 0, good));
	assert(!whatsapp_signature_valid(SECRET, "", 0, NULL));
	assert(!whatsapp_signature_valid(SECRET, "", 0, ""));
	assert(!whatsapp_signature_valid(SECRET, "", 0, "sha256="));
	assert(!whatsapp_signature_valid(SECRET, "", 0, good + 7));
	for (size_t i = 0; i + 1 < sizeof(good); i++) {
		memcpy(bad, good, sizeof(good));
		bad[i] ^= 1;
		assert(!whatsapp_signature_valid(SECRET, "", 0, bad));
		bad[i] = '\0';
		assert(!whatsapp_signature_valid(SECRET, "", 0, bad));
	}
}

static const char *
challenge(const char *query, const char *token)
{
	struct error e;
	struct form f;

	assert(form_parse(&f, query, strlen(query), &mem, &e) == 0);
	return whatsapp_challenge(&f, token);
}

static void
test_challenge(void)
{
	const char *s = challenge("hub.mode=subscribe&hub.challenge="
	    "1158201444&hub.verify_token=meaty+ham", "meaty ham");

	assert(s != NULL && strcmp(s, "1158201444") == 0);
#define M "hub.mode=subscribe"
#define T "&hub.verify_token=t"
#define C "&hub.challenge=1"
	assert(challenge(M T C, "t") != NULL);
	assert(challenge(M T C, "T") == NULL);
	assert(challenge(M T C, "") == NULL);
	assert(challenge(M "&hub.verify_token=" C, "") == NULL);
	assert(challenge(M C, "t") == NULL);
	assert(challenge(M T, "t") == NULL);
	assert(challenge(M T "&hub.challenge=", "t") == NULL);
	assert(challenge(M T "&hub.challenge=1<b>", "t") == NULL);
	assert(challenge("hub.mode=unsubscribe" T C, "t") == NULL);
	assert(challenge(T C, "t") == NULL);
	assert(challenge("", "t") == NULL);
	assert(challenge(arena_printf(&mem, M T C "%064d", 0), "t") == NULL);
	assert(challenge(arena_printf(&mem, M T C "%063d", 0), "t") != NULL);
}

static void
test_status(void)
{
	check(wrap_status("{\"id\":\"" WAMID "\",\"status\":\"delivered\","
	    "\"timestamp\":\"1790000004\",\"recipient_id\":\"5215512345678\","
	    "\"recipient_user_id\":\"MX.1349\","
	    "\"biz_opaque_callback_data\":\"a1.r1/2.3\","
	    "\"pricing\":{\"billable\":true,\"pricing_model\":\"PMP\","
	    "\"type\":\"regular\",\"category\":\"utility\"}}"),
	    "[{\"kind\":\"status\",\"provider\":\"whatsapp\","
	    "\"channel_type\":\"whatsapp\",\"provider_id\":\"" WAMID "\","
	    "\"status\":\"delivered\",\"raw_status\":\"delivered\","
	    "\"reference\":\"a1.r1/2.3\",\"to\":\"+525512345678\","
	    "\"wa_id\":\"5215512345678\",\"user_id\":\"MX.1349\","
	    "\"pricing\":{\"billable\":true,\"pricing_model\":\"PMP\","
	    "\"type\":\"regular\",\"category\":\"utility\"},"
	    "\"at\":\"2026-09-21T14:13:24Z\","
	    "\"key\":\"whatsapp:" WAMID ":delivered:1790000004\"}]");
	check(wrap_status("{\"id\":\"w\",\"status\":\"failed\","
	    "\"timestamp\":1790000004,\"recipient_id\":\"16505551234\","
	    "\"errors\":[{\"code\":131026,\"title\":\"Undeliverable\"},"
	    "{\"code\":1}]}"),
	    "[{\"kind\":\"status\",\"provider\":\"whatsapp\","
	    "\"channel_type\":\"whatsapp\",\"provider_id\":\"w\","
	    "\"status\":\"failed\",\"raw_status\":\"failed\","
	    "\"code\":\"131026\",\"title\":\"Undeliverable\",\"dead\":true,"
	    "\"to\":\"+16505551234\",\"wa_id\":\"16505551234\","
	    "\"at\":\"2026-09-21T14:13:24Z\","
	    "\"key\":\"whatsapp:w:failed:1790000004\"}]");
}

static void
test_status_names(void)
{
	static const char *const names[][2] = {
		{ "sent", "sent" }, { "delivered", "delivered" },
		{ "read", "read" }, { "played", "read" },
		{ "failed", "failed" }
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		is(member(wrap_status(arena_printf(&mem,
		    "{\"id\":\"w\",\"status\":\"%s\"}", names[i][0])),
		    "status"), names[i][1]);
	is(member(wrap_status("{\"id\":\"w\",\"status\":\"deleted\"}"),
	    "kind"), "other");
	is(member(wrap_status("{\"id\":\"w\"}"), "kind"), "other");
	is(member(wrap_status("{\"status\":\"sent\"}"), "kind"), "other");
	is(member(wrap_status("{\"id\":\"w 1\",\"status\":\"sent\"}"),
	    "kind"), "other");
	is(member(wrap_status("7"), "kind"), "other");
	/* Without a time it has a key all the same. */
	is(member(wrap_status("{\"id\":\"w\",\"status\":\"sent\","
	    "\"timestamp\":\"12.5\"}"), "key"), "whatsapp:w:sent:");
	is(member(wrap_status("{\"id\":\"w\",\"status\":\"sent\","
	    "\"timestamp\":\"99999999999\"}"), "at"), "-");
	/* Advertising alone is what this one stops. */
	is(member(wrap_status("{\"id\":\"w\",\"status\":\"failed\","
	    "\"errors\":[{\"code\":131050}]}"), "opt_out"), "topic:marketing");
}

/* The 1 of Mexico goes; people without a number have an id. */
static void
test_people(void)
{
	static const char *const cases[][2] = {
		{ "\"from\":\"5215512345678\"", "+525512345678" },
		{ "\"from\":\"525512345678\"", "+525512345678" },
		{ "\"from\":\"5491112345678\"", "+5491112345678" },
		{ "\"from\":\"521551234567\"", "+521551234567" },
		{ "\"from_user_id\":\"MX.13491208655302741918\"",
		    "MX.13491208655302741918" },
		{ "\"from\":\"16505551234\",\"from_user_id\":\"US.1\"",
		    "+16505551234" },
		/* The only person of the list. */
		{ "\"x\":1", "+525512345678" },
		{ "\"from\":\"x'); DROP\",\"from_user_id\":\"MX.1\"", "MX.1" }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is(member(wrap_message(arena_printf(&mem, "{\"id\":\"w\","
		    "\"type\":\"text\",\"text\":{\"body\":\"a\"},%s}",
		    cases[i][0])), "from"), cases[i][1]);
	is(member(wrap_message("{\"id\":\"w\",\"from\":\"12\"}"), "kind"),
	    "other");
	is(member(wrap("messages", "{\"messages\":[{\"id\":\"w\"}]}"),
	    "kind"), "other");
}

static void
test_text(void)
{
	check(wrap_message("{\"from\":\"5215512345678\",\"id\":\"" WAMID "\","
	    "\"context\":{\"from\":\"1\",\"id\":\"wamid.A\"},"
	    "\"timestamp\":\"1790000101\",\"type\":\"text\","
	    "\"text\":{\"body\":\"S\\u00ed \\ud83d\\udc4d\"}}"),
	    "[{\"kind\":\"message\",\"provider\":\"whatsapp\","
	    "\"channel_type\":\"whatsapp\",\"name\":\"Ana\","
	    "\"from\":\"+525512345678\",\"wa_id\":\"5215512345678\","
	    "\"provider_id\":\"" WAMID "\",\"to\":\"+15550783881\","
	    "\"phone_number_id\":\"106\",\"context\":\"wamid.A\","
	    "\"message_type\":\"text\","
	    "\"text\":\"S\xc3\xad \xf0\x9f\x91\x8d\",\"media\":[],"
	    "\"at\":\"2026-09-21T14:15:01Z\","
	    "\"key\":\"whatsapp:" WAMID ":received\"}]");
}

/* The text, payload and context of a message of each type. */
static void
test_types(void)
{
	static const struct {
		const char *body, *text, *payload, *context;
	} cases[] = {
		{ "\"type\":\"button\",\"button\":{\"payload\":"
		    "\"confirm:k7.r2\",\"text\":\"S\xc3\xad\"}",
		    "S\xc3\xad", "confirm:k7.r2", "-" },
		{ "\"type\":\"interactive\",\"interactive\":{\"type\":"
		    "\"button_reply\",\"button_reply\":{\"id\":\"decline:a\","
		    "\"title\":\"No\"}}", "No", "decline:a", "-" },
		{ "\"type\":\"interactive\",\"interactive\":{\"type\":"
		    "\"list_reply\",\"list_reply\":{\"id\":\"l\",\"title\":"
		    "\"Lista\"}}", "Lista", "l", "-" },
		{ "\"type\":\"interactive\",\"interactive\":{\"type\":"
		    "\"nfm_reply\",\"nfm_reply\":{\"body\":\"Sent\"}}",
		    "Sent", "-", "-" },
		{ "\"type\":\"image\",\"image\":{\"caption\":\"Luna\","
		    "\"id\":\"7\"}", "Luna", "-", "-" },
		{ "\"type\":\"audio\",\"audio\":{\"id\":\"7\"}", "", "-",
		    "-" },
		{ "\"type\":\"reaction\",\"reaction\":{\"message_id\":"
		    "\"wamid.R\",\"emoji\":\"x\"}", "x", "-", "wamid.R" },
		{ "\"type\":\"reaction\",\"reaction\":{\"message_id\":"
		    "\"wamid.R\"}", "", "-", "wamid.R" },
		{ "\"type\":\"location\",\"location\":{\"latitude\":1.5,"
		    "\"longitude\":-2.25,\"name\":\"Casa\"}",
		    "Casa, 1.5,-2.25", "-", "-" },
		{ "\"type\":\"location\"", "", "-", "-" },
		{ "\"type\":\"contacts\",\"contacts\":[{\"name\":"
		    "{\"formatted_name\":\"Eva\"},\"phones\":[{\"phone\":"
		    "\"55\"}]},{\"name\":7}]", "Eva 55\n", "-", "-" },
		{ "\"type\":\"order\",\"order\":{\"text\":\"uno\"}", "uno",
		    "-", "-" },
		{ "\"type\":\"system\",\"system\":{\"body\":\"changed\"}",
		    "changed", "-", "-" },
		{ "\"type\":\"unsupported\",\"errors\":[{\"code\":131051}]",
		    "", "-", "-" },
		{ "\"type\":\"hologram\",\"hologram\":{}", "", "-", "-" },
		{ "\"type\":7", "", "-", "-" },
		{ "\"type\":\"text\",\"text\":\"x\"", "", "-", "-" },
		{ "\"type\":\"text\",\"text\":{\"body\":[]}", "", "-", "-" },
		{ "\"type\":\"button\"", "", "-", "-" }
	};
	const char *body;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		body = wrap_message(arena_printf(&mem, "{\"id\":\"w\","
		    "\"from\":\"525512345678\",%s}", cases[i].body));
		is(member(body, "kind"), "message");
		is(member(body, "text"), cases[i].text);
		is(member(body, "button_payload"), cases[i].payload);
		is(member(body, "context"), cases[i].context);
	}
	is(member(wrap_message("{\"id\":\"w\",\"from\":\"525512345678\","
	    "\"type\":\"request_welcome\"}"), "kind"), "other");
	is(member(wrap_message("{\"id\":\"w\",\"from\":\"525512345678\","
	    "\"type\":\"unsupported\",\"errors\":[{\"code\":131051}]}"),
	    "code"), "131051");
	/* A payload that no button of ours can have is none. */
	is(member(wrap_message(arena_printf(&mem, "{\"id\":\"w\",\"from\":"
	    "\"525512345678\",\"type\":\"button\",\"button\":{\"payload\":"
	    "\"%0300d\"}}", 1)), "button_payload"), "-");
}

static void
test_media(void)
{
	assert(strstr(read_all(wrap_message("{\"id\":\"w\",\"from\":"
	    "\"525512345678\",\"type\":\"document\",\"document\":{\"id\":"
	    "\"10\",\"mime_type\":\"application/pdf\",\"sha256\":\"S=\","
	    "\"filename\":\"a.pdf\"}}")), "\"media\":[{\"id\":\"10\","
	    "\"type\":\"application/pdf\",\"sha256\":\"S=\","
	    "\"filename\":\"a.pdf\"}]") != NULL);
}

static void
test_preferences(void)
{
	const char *body = wrap("user_preferences", "{\"user_preferences\":["
	    "{\"wa_id\":\"5215512345678\",\"detail\":\"x\",\"category\":"
	    "\"marketing_messages\",\"value\":\"stop\",\"timestamp\":"
	    "1790000004},{\"user_id\":\"MX.1\",\"category\":"
	    "\"marketing_messages\",\"value\":\"resume\"},{\"wa_id\":\"5215"
	    "512345678\",\"category\":\"other\",\"value\":\"stop\"}]}");

	check(body, "[{\"kind\":\"preference\",\"provider\":\"whatsapp\","
	    "\"channel_type\":\"whatsapp\",\"from\":\"+525512345678\","
	    "\"wa_id\":\"5215512345678\",\"topic\":\"marketing\","
	    "\"value\":\"stop\",\"at\":\"2026-09-21T14:13:24Z\","
	    "\"key\":\"whatsapp:+525512345678:marketing:stop:1790000004\"},"
	    "{\"kind\":\"preference\",\"provider\":\"whatsapp\","
	    "\"channel_type\":\"whatsapp\",\"from\":\"MX.1\","
	    "\"user_id\":\"MX.1\",\"topic\":\"marketing\","
	    "\"value\":\"resume\","
	    "\"key\":\"whatsapp:MX.1:marketing:resume:\"},"
	    "{\"kind\":\"other\",\"provider\":\"whatsapp\","
	    "\"channel_type\":\"whatsapp\",\"field\":\"user_preferences\","
	    "\"raw\":{\"wa_id\":\"5215512345678\",\"category\":\"other\","
	    "\"value\":\"stop\"}}]");
}

/* What Meta says of other things, or will some day. */
static void
test_others(void)
{
	check(wrap("account_update", "{\"event\":\"X\"}"),
	    "[{\"kind\":\"other\",\"provider\":\"whatsapp\","
	    "\"channel_type\":\"whatsapp\",\"field\":\"account_update\","
	    "\"raw\":{\"event\":\"X\"}}]");
	check(wrap("messages", "{\"errors\":[{\"code\":130429,"
	    "\"title\":\"Limit\"}]}"),
	    "[{\"kind\":\"other\",\"provider\":\"whatsapp\","
	    "\"channel_type\":\"whatsapp\",\"field\":\"messages\","
	    "\"code\":\"130429\",\"title\":\"Limit\","
	    "\"raw\":{\"code\":130429,\"title\":\"Limit\"}}]");
	is(member(wrap("messages", "[]"), "kind"), "other");
	is(member(wrap("messages", "null"), "kind"), "other");
	is(member("{\"entry\":[{\"changes\":[7]}]}", "kind"), "other");
	check("{\"entry\":[]}", "[]");
	check("{\"entry\":[null,{\"changes\":{\"a\":1}}]}", "[]");
	/* What is too long is told, without its content. */
	is(member(wrap("flows", arena_printf(&mem, "\"%070000d\"", 1)),
	    "field"), "flows");
}

static void
refuses(const char *body, const char *why)
{
	struct error e = { .status = 0 };
	struct value *events;

	assert(whatsapp_hook_read(body, strlen(body), &events, &e) == -1);
	assert(events == NULL && e.status == EX_DATAERR);
	assert(strstr(e.text, why) != NULL);
}

static void
test_refused(void)
{
	struct buf many = BUF_INIT(WHATSAPP_BODY_BYTES);

	refuses("", "not JSON");
	refuses("x", "not JSON");
	refuses("{\"entry\":[]", "not JSON");
	refuses("{\"entry\":[],\"entry\":[]}", "not JSON");
	refuses("[]", "no list of entries");
	refuses("{}", "no list of entries");
	refuses("{\"entry\":{}}", "no list of entries");
	buf_str(&many, "{\"entry\":[{\"changes\":[0");
	for (int i = 0; i < WHATSAPP_EVENTS_MAX; i++)
		buf_str(&many, ",0");
	buf_str(&many, "]}]}");
	refuses(buf_text(&many), "more than 20000 events");
	buf_release(&many);
}

/* A stranger's half emoji, or NUL, costs nobody else's message. */
static void
test_bad_escapes(void)
{
	static const char *const cases[][2] = {
		{ "a\\u0000b", "a\xef\xbf\xbd" "b" },
		{ "\\ud83d", "\xef\xbf\xbd" },
		{ "\\udc4d\\ud83d", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\\ud83d\\ud83d\\udc4d", "\xef\xbf\xbd\xf0\x9f\x91\x8d" },
		{ "\\ud83d\\u0041", "\xef\xbf\xbd" "A" },
		{ "\\ud83dx", "\xef\xbf\xbdx" },
		{ "\\\\u0000", "\\u0000" },
		{ "\\\\\\u0000", "\\\xef\xbf\xbd" },
		{ "\\uD83D\\uDC4D\\n", "\xf0\x9f\x91\x8d\n" }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is(member(wrap_message(arena_printf(&mem, "{\"id\":\"w\","
		    "\"from\":\"525512345678\",\"type\":\"text\",\"text\":{"
		    "\"body\":\"%s\"}}", cases[i][0])), "text"), cases[i][1]);
	refuses("{\"entry\":[\"\\u00", "not JSON");
	refuses("{\"entry\":[\"\\", "not JSON");
	refuses("{\"entry\":[\"\\ud83d\\u", "not JSON");
}

/* Every file of a folder: signed, and each event with what it needs. */
static void
check_file(const char *folder, int dir, const char *name,
    const struct value *signatures)
{
	struct buf file = BUF_INIT(1024 * 1024);
	const char *path = arena_printf(&mem, "%s/%s", folder, name);
	const char *signature, *kind;
	struct value *events;
	struct error e;

	assert(io_read_file(dir, name, &file, &e) == 0);
	signature = value_get_string(value_get(signatures, "files"), path);
	assert(signature != NULL);
	assert(whatsapp_signature_valid(value_get_string(signatures,
	    "app_secret"), buf_text(&file), file.len, signature));
	assert(!whatsapp_signature_valid(value_get_string(signatures,
	    "app_secret"), buf_text(&file), file.len - 1, signature));
	assert(whatsapp_hook_read(buf_text(&file), file.len, &events,
	    &e) == 0);
	assert(value_count(events) > 0);
	for (size_t i = 0; i < value_count(events); i++) {
		kind = value_get_string(value_at(events, i), "kind");
		assert(strcmp(kind, "other") == 0 || (value_get_string(
		    value_at(events, i), "key") != NULL && value_get_string(
		    value_at(events, i), "at") != NULL));
		assert((strcmp(kind, "other") == 0) ==
		    (strncmp(name, "group-", 6) == 0 || i == 3));
	}
	value_free(events);
	buf_release(&file);
}

static int
check_folder(const char *root, const char *folder,
    const struct value *signatures)
{
	DIR *dir = opendir(arena_printf(&mem, "%s/wire/%s", root, folder));
	struct dirent *d;
	int count = 0;

	assert(dir != NULL);
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.') {
			check_file(folder, dirfd(dir), d->d_name, signatures);
			count++;
		}
	closedir(dir);
	return count;
}

static void
test_corpus(void)
{
	const char *root = getenv("OMNI_CORPORA");
	struct buf file = BUF_INIT(1024 * 1024);
	struct value *signatures;
	const char *path;
	struct error e;

	if (root == NULL)
		root = "../shared/corpora";
	path = arena_printf(&mem, "%s/wire/whatsapp-signatures.json", root);
	if (access(path, R_OK) != 0) {
		printf("# skip no corpus at %s\n", path);
		return;
	}
	assert(io_read_file(AT_FDCWD, path, &file, &e) == 0);
	signatures = value_parse(buf_text(&file), file.len, &e);
	assert(signatures != NULL);
	assert(check_folder(root, "whatsapp-webhooks", signatures) == 16);
	assert(check_folder(root, "whatsapp-webhooks-written-here",
	    signatures) == 13);
	value_free(signatures);
	buf_release(&file);
}

int
main(void)
{
	record_setup();
	test_signature();
	test_challenge();
	test_status();
	test_status_names();
	test_people();
	test_text();
	test_types();
	test_media();
	test_preferences();
	test_others();
	test_refused();
	test_bad_escapes();
	test_corpus();
	arena_release(&mem);
	return 0;
}

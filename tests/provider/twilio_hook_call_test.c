#include "twilio_hook.h"

#define SID	"CA0123456789abcdef0123456789abcdef"
#define PEOPLE	"&To=%2B525512345678&From=%2B525587654321"
#define BEGIN	"{\"provider\":\"twilio\",\"provider_id\":\"" SID "\"," \
	"\"channel_type\":\"voice\","
#define THEIRS	"\"to\":\"+525512345678\",\"from\":\"+525587654321\""

static void
refuses(enum twilio_hook kind, const char *body, const char *why)
{
	struct error e = { .status = 0 };
	struct value *event;

	assert(read_hook(kind, body, NULL, &event, &e) == -1);
	assert(event == NULL && e.status == EX_DATAERR);
	if (strcmp(e.text, why) != 0)
		fprintf(stderr, "got:  %s\nwant: %s\n", e.text, why);
	assert(strcmp(e.text, why) == 0);
}

static void
test_status(void)
{
	check(TWILIO_HOOK_CALL, "CallSid=" SID "&CallStatus=completed"
	    "&AnsweredBy=human&CallDuration=12&SequenceNumber=3"
	    "&Timestamp=Fri,+20+Nov+2026+18:00:00+%2B0000" PEOPLE,
	    "ref=a-1.r1%2F2.1",
	    BEGIN "\"reference\":\"a-1.r1/2.1\",\"kind\":\"status\","
	    "\"status\":\"delivered\",\"raw_status\":\"completed\","
	    "\"answered_by\":\"human\",\"at\":\"2026-11-20T18:00:00Z\","
	    "\"key\":\"twilio:" SID ":completed.3\"," THEIRS "}");
	check(TWILIO_HOOK_CALL, "CallSid=" SID "&CallStatus=busy"
	    "&SequenceNumber=&Timestamp=soon", NULL,
	    BEGIN "\"kind\":\"status\",\"status\":\"failed\","
	    "\"raw_status\":\"busy\",\"code\":\"busy\","
	    "\"key\":\"twilio:" SID ":busy.x\"}");
}

/* What each status means, and who answered. */
static void
test_outcomes(void)
{
	static const struct {
		const char *theirs, *by, *ours, *code;
	} all[] = {
		{ "queued", "", "accepted", NULL },
		{ "initiated", "", "accepted", NULL },
		{ "ringing", "", "sent", NULL },
		{ "in-progress", "", "sent", NULL },
		{ "in-progress", "human", "delivered", NULL },
		{ "in-progress", "machine_start", "sent", NULL },
		{ "completed", "", "delivered", NULL },
		{ "completed", "human", "delivered", NULL },
		{ "completed", "unknown", "delivered", NULL },
		{ "completed", "machine_start", "sent", "machine" },
		{ "completed", "machine_end_beep", "sent", "machine" },
		{ "completed", "fax", "failed", "fax" },
		{ "busy", "", "failed", "busy" },
		{ "no-answer", "", "failed", "no_answer" },
		{ "no-answer", "human", "failed", "no_answer" },
		{ "failed", "", "failed", "call_failed" },
		{ "canceled", "", "failed", "canceled" }
	};
	const char *code;
	struct value *event;
	struct error e;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		assert(read_hook(TWILIO_HOOK_CALL, arena_printf(&mem,
		    "CallSid=CA1&CallStatus=%s&AnsweredBy=%s", all[i].theirs,
		    all[i].by), NULL, &event, &e) == 0);
		code = value_get_string(event, "code");
		assert(strcmp(value_get_string(event, "status"),
		    all[i].ours) == 0);
		assert((code == NULL) == (all[i].code == NULL));
		assert(code == NULL || strcmp(code, all[i].code) == 0);
		value_free(event);
	}
}

static void
test_keys(void)
{
	static const char query[] = "ref=a-1.r1%2F2.1&lang=es";

	check(TWILIO_HOOK_KEY, "CallSid=" SID "&CallStatus=in-progress"
	    "&Digits=1&AnsweredBy=human" PEOPLE, query,
	    BEGIN "\"reference\":\"a-1.r1/2.1\","
	    "\"key\":\"twilio:" SID ":key.1\",\"kind\":\"message\","
	    "\"text\":\"1\",\"pressed\":\"confirm\",\"context\":\"" SID "\","
	    "\"answered_by\":\"human\",\"from\":\"+525512345678\","
	    "\"to\":\"+525587654321\"}");
	check(TWILIO_HOOK_KEY, "CallSid=" SID "&Digits=3" PEOPLE, "n=2",
	    BEGIN "\"key\":\"twilio:" SID ":key.2\",\"kind\":\"message\","
	    "\"text\":\"3\",\"pressed\":\"call_back\","
	    "\"context\":\"" SID "\",\"from\":\"+525512345678\","
	    "\"to\":\"+525587654321\"}");
	check(TWILIO_HOOK_KEY, "CallSid=" SID "&Digits=2" PEOPLE, "n=../x",
	    BEGIN "\"key\":\"twilio:" SID ":key.1\",\"kind\":\"message\","
	    "\"text\":\"2\",\"pressed\":\"decline\","
	    "\"context\":\"" SID "\",\"from\":\"+525512345678\","
	    "\"to\":\"+525587654321\"}");
}

/* Nothing that counts: nobody is confirmed by silence. */
static void
test_other_keys(void)
{
	static const char *const none[] = { "Digits=", "Digits=4", "Digits=0",
	    "Digits=11", "Digits=%231", "x=1", "AnsweredBy=machine_start",
	    "Digits=&AnsweredBy=machine_end_other",
	    "Digits=x&AnsweredBy=machine_start",
	    "Digits=123456789012345678901234567890123&AnsweredBy=fax" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		check(TWILIO_HOOK_KEY, arena_printf(&mem, "CallSid=" SID
		    "&%s%s", none[i], PEOPLE), "ref=a.1", BEGIN
		    "\"reference\":\"a.1\",\"key\":\"twilio:" SID ":key.1\","
		    "\"kind\":\"other\"}");
}

/* It may have been a person all the same: staff is told, and no more. */
static void
test_machine_keys(void)
{
	static const char *const by[] = { "machine_start", "machine_end_beep",
	    "machine_end_silence", "machine_end_other", "fax" };
	static const char *const keys[] = { "1", "2", "7", "%23", "12" };
	static const char *const texts[] = { "1", "2", "7", "#", "12" };

	for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++)
		check(TWILIO_HOOK_KEY, arena_printf(&mem, "CallSid=" SID
		    "&Digits=%s&AnsweredBy=%s%s", keys[i], by[i], PEOPLE), NULL,
		    arena_printf(&mem, BEGIN "\"key\":\"twilio:" SID ":key.1\","
		    "\"kind\":\"message\",\"text\":\"%s\","
		    "\"pressed\":\"unclear\",\"context\":\"" SID "\","
		    "\"answered_by\":\"%s\",\"from\":\"+525512345678\","
		    "\"to\":\"+525587654321\"}", texts[i], by[i]));
}

static void
test_refused(void)
{
	const enum twilio_hook c = TWILIO_HOOK_CALL, k = TWILIO_HOOK_KEY;

	refuses(c, "CallStatus=completed", "CallSid: missing");
	refuses(k, "Digits=1", "CallSid: missing");
	refuses(c, "CallSid=SM1&CallStatus=completed", "CallSid: not a sid: "
	    "SM1");
	refuses(c, "CallSid=CA&CallStatus=completed", "CallSid: not a sid: "
	    "CA");
	refuses(c, "CallSid=CA%0A1", "CallSid: not a sid: CA\n1");
	refuses(c, "CallSid=CA1", "CallStatus: missing");
	refuses(c, "CallSid=CA1&CallStatus=Busy", "CallStatus: unknown: Busy");
	refuses(c, "CallSid=CA1&CallStatus=busy&To=%0A", "To: not a number: "
	    "\n");
	refuses(k, "CallSid=CA1&Digits=1", "To: missing");
	refuses(k, "CallSid=CA1&Digits=1&To=%2B1%0A", "To: not a number: "
	    "+1\n");
	refuses(TWILIO_HOOK_STATUS, "CallSid=CA1&CallStatus=completed",
	    "MessageSid: missing");
}

int
main(void)
{
	record_setup();
	test_status();
	test_outcomes();
	test_keys();
	test_other_keys();
	test_machine_keys();
	test_refused();
	arena_release(&mem);
	return 0;
}

/*
 * twiliosig - say of each request whether Twilio signed it
 *
 * Records in, with token, url, content_type, body and signature as a line of
 * the signature corpus has them; {"valid":true} or {"valid":false} out.
 */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/output.h"
#include "base/reader.h"
#include "provider/twilio_hook.h"

static bool
is_valid(const struct record *r, struct arena *mem)
{
	const char *token = record_string(r, "token");
	const char *url = record_string(r, "url");
	const char *body = record_string(r, "body");

	if (token == NULL || url == NULL)
		return false;
	if (body == NULL)
		body = "";
	return twilio_signature_valid(token, url,
	    record_string(r, "content_type"), body, strlen(body),
	    record_string(r, "signature"), mem);
}

int
main(void)
{
	struct arena mem = ARENA_INIT(4 * RECORD_MAX);
	struct buf out = BUF_INIT(RECORD_MAX);
	struct record record = RECORD_INIT;
	enum reader_status got;
	struct reader in;
	struct error e;
	char *line;
	size_t len;

	output_init();
	record_setup();
	reader_init(&in, STDIN_FILENO, RECORD_MAX, NULL, NULL);
	while ((got = reader_next(&in, &line, &len)) == READER_LINE) {
		arena_reset(&mem);
		buf_clear(&out);
		if (record_parse(&record, line, len, &e) == -1)
			die(EX_DATAERR, "line %ju: %s", in.lineno, e.text);
		buf_str(&out, is_valid(&record, &mem) ?
		    "{\"valid\":true}" : "{\"valid\":false}");
		output_put(&out);
	}
	if (got != READER_END)
		die(EX_DATAERR, "line %ju: not a whole line", in.lineno);
	output_close();
	record_release(&record);
	reader_release(&in);
	buf_release(&out);
	arena_release(&mem);
	return 0;
}

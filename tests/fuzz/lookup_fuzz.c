/* Twilio's answers to a lookup made by chance, for libFuzzer or feed.c. */
#include "http.h"

#include "provider/lookup.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict fault;
	struct response r;
	struct lookup l;

	if (!read_input(data, size, &r))
		return 0;
	memset(&fault, 0x5a, sizeof(fault));
	memset(&l, 0x5a, sizeof(l));
	if (lookup_read(&r, &l, &fault) == -1)
		check_verdict(&r, &fault);
	else {
		promise(!r.failed && !r.cut && r.code == 200,
		    "what is known was answered");
		promise(l.line != NULL && *l.line != '\0', "a line has a kind");
		promise(strlen(l.carrier) < sizeof(l.carrier) &&
		    utf8_valid(l.carrier, strlen(l.carrier)),
		    "a carrier is UTF-8");
	}
	buf_release(&r.body);
	return 0;
}

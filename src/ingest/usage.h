#ifndef OMNI_USAGE_H
#define OMNI_USAGE_H

/* Of both programs that are omni-ingest(1). */
#define INGEST_USAGE	"[--cgi | --mail [-f sender] [recipient] | " \
    "--confirm-subscriptions |\n" \
    "           --replay [-n] [name ...]] >records\n" \
    "       omni-ingest --try mail | reply | webhook <input >records"
#define INGEST_HELP \
    "  --cgi                 take one webhook; also when a web server " \
	"starts it\n" \
    "  --mail                take one mail; for a mail server to start\n" \
    "  -f sender             who sent it, of the envelope\n" \
    "  --confirm-subscriptions\n" \
    "                        drain, then tell Amazon SNS that its topics " \
	"are wanted\n" \
    "  --replay              take back what lies in bad/, or what is named, " \
	"and drain\n" \
    "  -n                    with --replay: only say what lies there, and " \
	"why\n" \
    "  --try kind            mail, reply or webhook: say what would be " \
	"understood, and do\n" \
    "                        nothing\n"

#endif

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/embed.h"
#include "message/reply.h"
#include "message/reply_lexicon.h"

static size_t wrong;	/* so that all of them are named */

static void
check(enum reply_intent want, const char *const *texts)
{
	enum reply_intent got;

	for (; *texts != NULL; texts++) {
		got = reply_classify(*texts, strlen(*texts));
		if (got != want) {
			fprintf(stderr, "%s: %s, not %s\n", *texts,
			    reply_intent_name(got), reply_intent_name(want));
			wrong++;
		}
	}
}

#define CHECK(want, ...) check(want, \
    (const char *const[]){ __VA_ARGS__, NULL })

static void
confirms(void)
{
	CHECK(REPLY_CONFIRM, "Sí", "SI", "si", "S", "yes", "Y", "Yep", "ok",
	    "OKAY", "va", "Claro!", "claro que sí", "CONFIRMO", "Confirmada.",
	    "de acuerdo", "Listo", "perfecto", "1", " 1. ", "1️⃣",
	    "Ahí estaré", "ahi estaremos, gracias", "Ahí nos vemos",
	    "We'll be there", "we’ll be there!", "see you", "confirm",
	    "yes confirm", "Yes, thank you", "Sí, confirmo. Gracias",
	    "Hola, buenos días. Sí, confirmo mi cita por favor",
	    "*sí*", "si\nconfirmo", "Ok ok", "Sí, con gusto");
	/* Decomposed, full width, with an invisible character. */
	CHECK(REPLY_CONFIRM, "si\xcc\x81", "ＳＩ", "s\xe2\x80\x8bi");
	CHECK(REPLY_CONFIRM, "👍", "👍🏽", "👍👍👍", "✅", "✔️", "Sí 👍",
	    "ok 🙏🏼", "sí 😊");
	/* A yes that begins with No. */
	CHECK(REPLY_CONFIRM, "No hay problema, ahí estaré",
	    "No hay problema, sí voy", "No problem, see you",
	    "no se preocupe, ahi estaremos", "No faltaré");
}

static void
declines(void)
{
	CHECK(REPLY_DECLINE, "no", "NO.", "N", "nope", "2", "No, gracias",
	    "cancelar", "CANCELO", "Cancel", "cancelar mi cita por favor",
	    "No puedo", "no podré", "No podremos ir", "I can't make it",
	    "can’t make it, sorry", "cannot make it", "👎", "👎🏿",
	    "No, cancelo", "No puedo asistir, cancelo por favor",
	    "no puedo ir cancelo", "Lo siento, no podré asistir",
	    "No hay problema, cancelo", "No no puedo", "favor de cancelar");
}

static void
opting_out_and_in(void)
{
	CHECK(REPLY_STOP, "STOP", "stop.", "Stop por favor", "UNSUBSCRIBE",
	    "StopAll", "REVOKE", "OPTOUT", "opt-out", "QUIT", "END", "alto",
	    "Baja", "PARAR", "Detener", "salir", "No más", "NO MAS, gracias",
	    "dar de baja", "Darme de baja, por favor", "quitar", "eliminar",
	    "desuscribir", "no molestar", "Ya no me escriban",
	    "no me escriban", "STOP STOP STOP");
	CHECK(REPLY_START, "start", "UNSTOP", "Alta", "reactivar",
	    "suscribir", "reanudar por favor");
	CHECK(REPLY_HELP, "HELP", "Ayuda", "info", "ayuda por favor");
	/* They speak of the appointment, or of something else. */
	CHECK(REPLY_DECLINE, "eliminar mi cita", "dar de baja la cita");
	CHECK(REPLY_UNCLEAR, "baja la cita", "stop si", "stop no", "no stop",
	    "stop by tomorrow", "end of the day", "ayuda con mi cita",
	    "baja de peso", "alta de mi perro");
}

static void
in_doubt_a_person_reads_it(void)
{
	CHECK(REPLY_RESCHEDULE, "si puedo cambiarla al jueves?",
	    "si puedo cambiarla al jueves", "Quiero reagendar para el viernes",
	    "si pero mas tarde", "yes but later");
	CHECK(REPLY_QUESTION, "¿A qué hora es mi cita?");
	CHECK(REPLY_UNCLEAR, "Si no llego, avísenme", "S.I.", "si?", "¿si",
	    "？", "?", "sí o no", "SI/NO", "si no", "sí, no",
	    "ok cancelo", "no confirmo", "no puedo confirmar", "gracias",
	    "hola", "no hay problema", "no problem", "a las 10", "1 2",
	    "y gracias",
	    "y si voy", "Si no puedo", "si cancelo");
	/* No no: the appointment stands, perhaps. */
	CHECK(REPLY_UNCLEAR, "no cancelo", "no cancelar", "No cancelen",
	    "no puedo cancelar", "por favor no cancelen",
	    "no por favor cancelen", "I can't cancel");
	/* Asks us to confirm. */
	CHECK(REPLY_UNCLEAR, "please confirm", "confirmar por favor",
	    "favor de confirmar mi cita");
	CHECK(REPLY_UNCLEAR, "👍👎", "sí 😢", "😊", "~sí~", "s\xcc\xb6i\xcc\xb6",
	    "ok, sorry", "lo siento, si", "Ѕі", "да", "好", "si+", "ok ❌",
	    "confirmadisimoenverdad", "claro que", "a\xff");
}

static void
nothing_said(void)
{
	CHECK(REPLY_EMPTY, "", " \t\r\n", "...", "…", "-", "!!", "\xc2\xa0",
	    "\xe2\x80\x8b");
}

static void
bounded(void)
{
	char text[REPLY_TEXT_MAX + 2];

	memset(text, ' ', sizeof(text));
	memcpy(text, "si", 2);
	assert(reply_classify(text, REPLY_TEXT_MAX) == REPLY_CONFIRM);
	assert(reply_classify(text, REPLY_TEXT_MAX + 1) == REPLY_UNCLEAR);
	/* More words than fit, and a character that becomes eighteen. */
	for (size_t i = 0; i + 3 <= REPLY_TEXT_MAX; i += 3)
		memcpy(text + i, "si ", 3);
	assert(reply_classify(text, REPLY_TEXT_MAX) == REPLY_UNCLEAR);
	for (size_t i = 0; i + 3 <= REPLY_TEXT_MAX; i += 3)
		memcpy(text + i, "\xef\xb7\xba", 3);
	assert(reply_classify(text, 999) == REPLY_UNCLEAR);
	assert(reply_classify("si\0no", 5) == REPLY_UNCLEAR);
}

static void
every_intent_has_a_name(void)
{
	for (int i = 0; i < REPLY_MAX; i++)
		assert(reply_intent_name((enum reply_intent)i) != NULL);
}

/* What people write, by the hundred: "INTENT<TAB>SENTENCE" a line. */
EMBED(sentences, "tests/message/replies.tsv");
extern const char sentences[];

static void
sentences_are_understood(void)
{
	const char *p = sentences, *tab;
	char intent[32];
	enum reply_intent got;
	size_t n, count = 0, bad = 0;

	for (; *p != '\0'; p += n + 1) {
		n = strcspn(p, "\n");
		if (*p == '#')
			continue;
		tab = memchr(p, '\t', n);
		assert(tab != NULL && (size_t)(tab - p) < sizeof(intent));
		snprintf(intent, sizeof(intent), "%.*s", (int)(tab - p), p);
		got = reply_classify(tab + 1, n - (size_t)(tab + 1 - p));
		if (strcmp(reply_intent_name(got), intent) != 0) {
			fprintf(stderr, "%s, not %.*s\n",
			    reply_intent_name(got), (int)n, p);
			bad++;
		}
		count++;
	}
	assert(count > 800 && bad == 0);
}

static enum reply_intent
intent_of(const char *text)
{
	return reply_classify(text, strlen(text));
}

/* +1: it comes, or wants messages; -1: it does not; 0: neither is certain. */
static int
side_of(enum reply_intent intent)
{
	if (intent == REPLY_CONFIRM || intent == REPLY_START)
		return 1;
	return intent == REPLY_DECLINE || intent == REPLY_STOP ? -1 : 0;
}

/* Whether each word is in some list as it stands: then nothing is corrected. */
static bool
is_spelt_right(const char *text)
{
	struct reply_spellings s;
	struct reply_text t;

	assert(reply_read(text, strlen(text), &t));
	for (size_t i = 0; i < t.count; i++) {
		reply_lexicon_spell(&t.words[i], &s);
		if (s.count == 0 || strcmp(s.as[0], t.words[i].text) != 0)
			return false;
	}
	return true;
}

static void
never_opposite(int side, const char *original, const char *edited)
{
	enum reply_intent got = intent_of(edited);

	if (side_of(got) * side >= 0 || is_spelt_right(edited))
		return;
	fprintf(stderr, "\"%s\" is %s, while \"%s\" is not\n", edited,
	    reply_intent_name(got), original);
	abort();
}

/* Every edit of distance 1 at `at`: a letter other, less, more, or swapped. */
static size_t
edit(const char *text, size_t at, int side)
{
	char out[256];
	size_t len = strlen(text), tried = 0;

	assert(len + 2 < sizeof(out));
	for (char c = 'a'; c <= 'z'; c++, tried += 2) {
		snprintf(out, sizeof(out), "%s", text);
		out[at] = c;
		never_opposite(side, text, out);
		snprintf(out, sizeof(out), "%.*s%c%s", (int)at, text, c,
		    text + at);
		never_opposite(side, text, out);
	}
	snprintf(out, sizeof(out), "%.*s%s", (int)at, text, text + at + 1);
	never_opposite(side, text, out);
	snprintf(out, sizeof(out), "%s", text);
	if (text[at + 1] != '\0' && text[at + 1] != ' ') {
		out[at] = text[at + 1];
		out[at + 1] = text[at];
		never_opposite(side, text, out);
	}
	return tried + 2;
}

/*
 * A misspelling never turns into its opposite: all phrases of one word, and of
 * the others one in a hundred, each letter of them edited.
 */
static void
misspellings_are_never_opposite(void)
{
	enum reply_kind kind;
	const char *phrase;
	size_t tried = 0, turn = 0;
	int side;

	for (size_t i = 0; (phrase = reply_lexicon_phrase(i, &kind)) != NULL;
	    i++) {
		side = side_of(intent_of(phrase));
		if (side == 0 || (strchr(phrase, ' ') != NULL &&
		    turn++ % 100 != 0))
			continue;
		for (size_t at = 0; phrase[at] != '\0'; at++)
			if (phrase[at] != ' ' && (phrase[at] & 0x80) == 0)
				tried += edit(phrase, at, side);
	}
	assert(tried > 100000);
}

/* No phrase of a list means the opposite of what its list says. */
static void
phrases_mean_what_their_list_says(void)
{
	enum reply_kind kind;
	const char *phrase;
	int side;
	size_t i;

	for (i = 0; (phrase = reply_lexicon_phrase(i, &kind)) != NULL; i++) {
		side = side_of(intent_of(phrase));
		if ((side > 0 && kind > KIND_COMING && kind != KIND_START) ||
		    (side < 0 && (kind < KIND_NO || kind == KIND_START ||
		    kind > KIND_STOP_WISH))) {
			fprintf(stderr, "[%s] %s\n", reply_kind_name(kind),
			    phrase);
			abort();
		}
	}
	assert(i > 10000);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* What is wrong in a site's list is said with its file and line. */
static void
lists_are_checked(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "\nsi\n", ":2: no [section] before the first phrase" },
		{ "[perhaps]\n", ":1: there is no section: [perhaps]" },
		{ "[yes\n", ":1: there is no section: [yes" },
		{ "[yes]\n# fine\nsi (va | dale\n",
		    ":3: a bracket is not closed" },
		{ "[yes]\nsi) va\n", ":2: a bracket too many before: ) va" },
		{ "[yes]\n@when si\n",
		    ":2: there is no set of this name above: @when" },
		{ "@ = a\n", ":1: not a set, \"@name = one | other\": @ = a" },
		{ "[yes]\n?\n", ":2: a word is missing before: ?" },
		{ "[yes]\n()\n", ":2: a phrase without a word: ()" },
		{ "[yes]\n...\n", ":2: a phrase without a word: ..." },
		{ "[yes]\nsi, va\n",
		    ":2: punctuation inside a phrase: si, va" },
		{ "[yes]\nabcdefghijklmnopqrstuvwxyzabcdefghijklmnopq\n",
		    ":2: too long" },
		{ "[yes]\na b c d e f g h i j k l m n o p q\n",
		    ":2: too long" },
		{ "[yes]\n((((((((((si))))))))))\n",
		    ":2: too many brackets in brackets" },
		{ "[yes]\na? b? c? d? e? f? g? h? i? j? k? l? m? n? o?\n",
		    ":2: the pattern stands for too many phrases" },
		{ "[yes]\n\xff\n", "not UTF-8" },
	};
	char path[] = "/tmp/omni-words.XXXXXX";
	int fd = mkstemp(path);
	struct error e;

	assert(fd != -1);
	close(fd);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(path, bad[i].text);
		assert(reply_lexicon_add(path, &e) == -1);
		assert(e.status == EX_CONFIG);
		if (strncmp(e.text, path, strlen(path)) != 0 ||
		    strstr(e.text, bad[i].why) == NULL) {
			fprintf(stderr, "%s: not %s\n", e.text, bad[i].why);
			abort();
		}
	}
	unlink(path);
	assert(reply_lexicon_add(path, &e) == -1 && e.status == EX_CONFIG &&
	    strstr(e.text, path) != NULL);
}

/* Words of the site's own, in another language. */
static void
sites_add_words(void)
{
	char path[] = "/tmp/omni-words.XXXXXX";
	int fd = mkstemp(path);
	struct error e;

	assert(fd != -1);
	close(fd);
	assert(intent_of("Kyllä kiitos") == REPLY_UNCLEAR);
	write_file(path, "\xef\xbb\xbf# Suomi\r\n@visit = aika | aikani\r\n"
	    "[yes]\r\nkyllä\r\n[polite]\r\nkiitos\r\n[cancel-firm]\r\n"
	    "(peruuta | perun) @visit?\r\n");
	assert(reply_lexicon_add(path, &e) == 0);
	assert(intent_of("Kyllä kiitos") == REPLY_CONFIRM);
	assert(intent_of("KYLLA") == REPLY_CONFIRM);
	assert(intent_of("perun aikani, kiitos") == REPLY_DECLINE);
	/* What is there already stays what it is. */
	write_file(path, "[yes]\nno\n");
	assert(reply_lexicon_add(path, &e) == -1);
	assert(strstr(e.text, ":2: \"no\" is in [no] already, at share/words/")
	    != NULL);
	unlink(path);
}

int
main(void)
{
	confirms();
	declines();
	opting_out_and_in();
	in_doubt_a_person_reads_it();
	nothing_said();
	bounded();
	every_intent_has_a_name();
	assert(wrong == 0);
	sentences_are_understood();
	phrases_mean_what_their_list_says();
	misspellings_are_never_opposite();
	sites_add_words();
	lists_are_checked();
	return 0;
}

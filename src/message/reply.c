#include "reply.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/error.h"

#define WORDS_MAX	24
#define WORD_MAX	16
#define FOLDED_MAX	(4 * REPLY_TEXT_MAX)	/* 16-bit units */

/*
 * What a phrase does to the message that it stands in.  All before REGRET
 * say something.
 */
enum kind {
	CONFIRM,
	DECLINE,
	NEGATION,	/* a no that a verb may still turn: "no puedo …" */
	CANCEL,		/* a no, unless a NEGATION comes right before it */
	STOP,
	START,
	HELP,
	REGRET,		/* says nothing, but makes a yes doubtful */
	POLITE,		/* says nothing, and may stand beside anything */
	FILLER,		/* says nothing, but not beside STOP, START and HELP */
	KIND_MAX
};

#define BIT(kind)	(1U << (kind))

struct phrase {
	enum kind kind;
	const char *text;	/* folded words, one space between */
};

/*
 * Only as the whole message: "s" and "y" are other words elsewhere, a number
 * may be an hour or a choice from another list, and "please confirm" asks us.
 */
static const struct phrase alone[] = {
	{ CONFIRM, "1" }, { CONFIRM, "s" }, { CONFIRM, "y" },
	{ CONFIRM, "confirm" }, { CONFIRM, "confirmar" },
	{ DECLINE, "2" }, { DECLINE, "n" },
};

/*
 * The longest phrase at a place counts.  The words of STOP, START and HELP are
 * Twilio's defaults for English (docs/messaging/tutorials/advanced-opt-out),
 * without CANCEL and YES, which answer our question; the Spanish ones and the
 * rest are ours, as people in Mexico write them.
 */
static const struct phrase phrases[] = {
	{ CONFIRM, "(yes)" }, { CONFIRM, "si" }, { CONFIRM, "sip" },
	{ CONFIRM, "yes confirm" }, { CONFIRM, "yes" }, { CONFIRM, "yep" },
	{ CONFIRM, "yeah" }, { CONFIRM, "yup" }, { CONFIRM, "ok" },
	{ CONFIRM, "oki" }, { CONFIRM, "okey" }, { CONFIRM, "okay" },
	{ CONFIRM, "va" }, { CONFIRM, "sale" },
	{ CONFIRM, "dale" }, { CONFIRM, "claro" }, { CONFIRM, "claro que si" },
	{ CONFIRM, "por supuesto" }, { CONFIRM, "por supuesto que si" },
	{ CONFIRM, "desde luego" }, { CONFIRM, "asi es" },
	{ CONFIRM, "afirmativo" }, { CONFIRM, "correcto" },
	{ CONFIRM, "acuerdo" }, { CONFIRM, "de acuerdo" },
	{ CONFIRM, "listo" }, { CONFIRM, "perfecto" },
	{ CONFIRM, "confirmo" }, { CONFIRM, "confirmado" },
	{ CONFIRM, "confirmada" }, { CONFIRM, "confirmamos" },
	{ CONFIRM, "confirmed" }, { CONFIRM, "i confirm" },
	{ CONFIRM, "we confirm" },
	{ CONFIRM, "ahi estare" }, { CONFIRM, "ahi estaremos" },
	{ CONFIRM, "alli estare" }, { CONFIRM, "alli estaremos" },
	{ CONFIRM, "estare ahi" }, { CONFIRM, "estaremos ahi" },
	{ CONFIRM, "ahi nos vemos" }, { CONFIRM, "nos vemos ahi" },
	{ CONFIRM, "voy" }, { CONFIRM, "si voy" }, { CONFIRM, "iremos" },
	{ CONFIRM, "asistire" }, { CONFIRM, "asistiremos" },
	{ CONFIRM, "no faltare" }, { CONFIRM, "no faltaremos" },
	{ CONFIRM, "sure" }, { CONFIRM, "perfect" }, { CONFIRM, "of course" },
	{ CONFIRM, "sounds good" }, { CONFIRM, "absolutely" },
	{ CONFIRM, "see you" }, { CONFIRM, "see you there" },
	{ CONFIRM, "see you then" }, { CONFIRM, "i ll be there" },
	{ CONFIRM, "ill be there" }, { CONFIRM, "i will be there" },
	{ CONFIRM, "we ll be there" }, { CONFIRM, "we will be there" },

	{ DECLINE, "(no)" }, { DECLINE, "nope" }, { DECLINE, "nop" },
	{ DECLINE, "nah" }, { DECLINE, "nel" }, { DECLINE, "negativo" },
	{ DECLINE, "claro que no" },
	{ DECLINE, "no puedo ir" }, { DECLINE, "no puedo asistir" },
	{ DECLINE, "no podre ir" }, { DECLINE, "no podre asistir" },
	{ DECLINE, "no podemos ir" }, { DECLINE, "no podemos asistir" },
	{ DECLINE, "no podremos ir" }, { DECLINE, "no podremos asistir" },
	{ DECLINE, "no voy" }, { DECLINE, "no vamos" },
	{ DECLINE, "no ire" }, { DECLINE, "no iremos" },
	{ DECLINE, "no asistire" }, { DECLINE, "no asistiremos" },
	{ DECLINE, "no voy a ir" }, { DECLINE, "no vamos a ir" },
	{ DECLINE, "no voy a poder ir" }, { DECLINE, "no vamos a poder ir" },
	{ DECLINE, "no voy a poder asistir" },
	{ DECLINE, "no vamos a poder asistir" },
	{ DECLINE, "can t make it" }, { DECLINE, "cant make it" },
	{ DECLINE, "cannot make it" }, { DECLINE, "won t make it" },
	{ DECLINE, "i can t make it" }, { DECLINE, "i cant make it" },
	{ DECLINE, "i cannot make it" }, { DECLINE, "i won t make it" },
	{ DECLINE, "we can t make it" }, { DECLINE, "we cant make it" },
	{ DECLINE, "we cannot make it" }, { DECLINE, "we won t make it" },
	{ DECLINE, "i won t be there" }, { DECLINE, "we won t be there" },

	{ NEGATION, "no" }, { NEGATION, "no puedo" }, { NEGATION, "no podre" },
	{ NEGATION, "no podemos" }, { NEGATION, "no podremos" },
	{ NEGATION, "no voy a poder" }, { NEGATION, "no vamos a poder" },
	{ NEGATION, "i can t" }, { NEGATION, "i cant" },
	{ NEGATION, "i cannot" }, { NEGATION, "we can t" },
	{ NEGATION, "we cannot" }, { NEGATION, "can t" },

	{ CANCEL, "cancelar" }, { CANCEL, "cancelo" }, { CANCEL, "cancela" },
	{ CANCEL, "cancele" }, { CANCEL, "cancelen" }, { CANCEL, "cancelamos" },
	{ CANCEL, "favor de cancelar" }, { CANCEL, "quiero cancelar" },
	{ CANCEL, "quisiera cancelar" }, { CANCEL, "deseo cancelar" },
	{ CANCEL, "necesito cancelar" }, { CANCEL, "cancel" },
	{ CANCEL, "i want to cancel" }, { CANCEL, "i need to cancel" },

	{ STOP, "stop" }, { STOP, "unsubscribe" }, { STOP, "stopall" },
	{ STOP, "stop all" }, { STOP, "revoke" }, { STOP, "optout" },
	{ STOP, "opt out" }, { STOP, "quit" }, { STOP, "end" },
	/* Amazon's list has these besides (End User Messaging, keywords). */
	{ STOP, "remove" }, { STOP, "arret" }, { STOP, "td" },
	{ STOP, "alto" }, { STOP, "baja" }, { STOP, "parar" },
	{ STOP, "detener" }, { STOP, "salir" }, { STOP, "no mas" },
	{ STOP, "dar de baja" }, { STOP, "darme de baja" },
	{ STOP, "darse de baja" }, { STOP, "dame de baja" },
	{ STOP, "deme de baja" }, { STOP, "denme de baja" },
	{ STOP, "quiero darme de baja" }, { STOP, "quitar" },
	{ STOP, "eliminar" }, { STOP, "desuscribir" },
	{ STOP, "desuscribirme" }, { STOP, "no molestar" },
	{ STOP, "no molesten" }, { STOP, "no me molesten" },
	{ STOP, "dejen de molestar" }, { STOP, "dejen de escribirme" },
	{ STOP, "no me escriban" }, { STOP, "ya no me escriban" },
	{ STOP, "no me escriban mas" }, { STOP, "no mas mensajes" },
	{ STOP, "no me manden mensajes" },
	{ STOP, "no me manden mas mensajes" },
	{ STOP, "ya no me manden mensajes" }, { STOP, "no me envien mensajes" },
	{ STOP, "no me envien mas mensajes" },
	{ STOP, "ya no me envien mensajes" }, { STOP, "no quiero mensajes" },
	{ STOP, "no quiero mas mensajes" }, { STOP, "ya no quiero mensajes" },
	{ STOP, "stop messages" }, { STOP, "stop mensajes" },

	{ START, "start" }, { START, "unstop" }, { START, "alta" },
	{ START, "darme de alta" }, { START, "reactivar" },
	{ START, "suscribir" }, { START, "reanudar" },
	{ START, "iniciar" }, { START, "empezar" },

	{ HELP, "help" }, { HELP, "ayuda" }, { HELP, "info" },

	{ POLITE, "gracias" }, { POLITE, "muchas gracias" },
	{ POLITE, "mil gracias" }, { POLITE, "por favor" },
	{ POLITE, "porfavor" }, { POLITE, "porfa" },
	{ POLITE, "hola" }, { POLITE, "buenos dias" }, { POLITE, "buen dia" },
	{ POLITE, "buenas" }, { POLITE, "buenas tardes" },
	{ POLITE, "buenas noches" }, { POLITE, "saludos" },
	{ POLITE, "thanks" }, { POLITE, "thank you" }, { POLITE, "please" },
	{ POLITE, "hi" }, { POLITE, "hello" }, { POLITE, "good morning" },
	{ POLITE, "(smile)" },

	{ REGRET, "lo siento" }, { REGRET, "disculpe" },
	{ REGRET, "disculpen" }, { REGRET, "disculpa" }, { REGRET, "perdon" },
	{ REGRET, "sorry" }, { REGRET, "i m sorry" },

	{ FILLER, "cita" }, { FILLER, "la cita" }, { FILLER, "mi cita" },
	{ FILLER, "nuestra cita" }, { FILLER, "a la cita" },
	{ FILLER, "a mi cita" },
	{ FILLER, "asistencia" }, { FILLER, "mi asistencia" },
	{ FILLER, "la asistencia" }, { FILLER, "de" },
	{ FILLER, "con gusto" }, { FILLER, "con mucho gusto" },
	{ FILLER, "nos vemos" }, { FILLER, "sin falta" },
	{ FILLER, "enterado" }, { FILLER, "enterada" },
	{ FILLER, "no hay problema" }, { FILLER, "no hay ningun problema" },
	{ FILLER, "sin problema" }, { FILLER, "ningun problema" },
	{ FILLER, "no se preocupe" }, { FILLER, "no se preocupen" },
	{ FILLER, "no te preocupes" }, { FILLER, "no problem" },
	{ FILLER, "no worries" }, { FILLER, "appointment" },
	{ FILLER, "the appointment" }, { FILLER, "my appointment" },
	{ FILLER, "our appointment" },
};

/* As words that no letters of a message can make. */
static const struct {
	UChar32 c;
	const char *word;
} emoji[] = {
	{ 0x1f44d, "(yes)" },	/* thumb up */
	{ 0x1f44c, "(yes)" },	/* OK hand */
	{ 0x2705, "(yes)" }, { 0x2714, "(yes)" }, { 0x2611, "(yes)" },
	{ 0x1f44e, "(no)" },	/* thumb down */
	{ 0x1f64f, "(smile)" }, { 0x1f60a, "(smile)" },
	{ 0x1f642, "(smile)" }, { 0x1f600, "(smile)" },
	{ 0x1f603, "(smile)" }, { 0x1f604, "(smile)" },
	{ 0x1f601, "(smile)" }, { 0x2764, "(smile)" },
	{ 0x1f436, "(smile)" }, { 0x1f431, "(smile)" },
	{ 0x1f43e, "(smile)" },
};

/* Any word that no phrase has. */
static const char unknown[] = "(unknown)";

struct word {
	char text[WORD_MAX];
	bool apart;	/* punctuation separates it from the one before */
};

struct message {
	struct word words[WORDS_MAX];
	size_t count;
	size_t len;	/* of the word that is being written, 0: none */
	bool apart;	/* punctuation since the last word */
	bool question;
	bool full;	/* more words than fit */
};

static struct word *
begin_word(struct message *m)
{
	struct word *w;

	if (m->count == WORDS_MAX) {
		m->full = true;
		return NULL;
	}
	w = &m->words[m->count++];
	memset(w, 0, sizeof(*w));
	w->apart = m->apart;
	m->apart = false;
	m->len = 0;
	return w;
}

static void
add_whole_word(struct message *m, const char *text)
{
	struct word *w;

	w = begin_word(m);
	if (w != NULL)
		memcpy(w->text, text, strlen(text) + 1);
}

/* A word that is too long or not ASCII after folding is in no phrase. */
static void
add_letter(struct message *m, UChar32 c)
{
	struct word *w = m->len == 0 ? begin_word(m) :
	    &m->words[m->count - 1];

	if (w == NULL)
		return;
	if (m->len + 1 < sizeof(w->text) && c < 0x80)
		w->text[m->len] = (char)c;
	else
		memcpy(w->text, unknown, sizeof(unknown));
	/* Once unknown, it stays so: nothing is written behind the mark. */
	m->len = w->text[0] == '(' ? sizeof(w->text) : m->len + 1;
}

/* Symbols, also "~", which strikes a word out in WhatsApp. */
static void
add_symbol(struct message *m, UChar32 c)
{
	for (size_t i = 0; i < sizeof(emoji) / sizeof(emoji[0]); i++)
		if (emoji[i].c == c) {
			add_whole_word(m, emoji[i].word);
			return;
		}
	add_whole_word(m, unknown);
}

/*
 * Spaces and apostrophes join ("can't"), and so does a hyphen behind a letter
 * ("opt-out"); other punctuation and a new line set apart.
 */
static void
add_separator(struct message *m, UChar32 c)
{
	bool joins = c == '\'' || c == 0x2019 || (c == '-' && m->len > 0) ||
	    (u_isUWhiteSpace(c) && c != '\n' && c != '\r');

	m->len = 0;
	m->apart = m->apart || !joins;
	m->question = m->question || c == '?' || c == 0xbf || c == 0x61f;
}

/*
 * Marks are accents that NFD split off, and a keycap's frame; one of class 1
 * strikes the letter out.  The modifiers are colours of skin, part of the emoji
 * before them.
 */
static void
add_character(struct message *m, UChar32 c)
{
	uint32_t type = U_GET_GC_MASK(c);

	if (c >= 0x1f3fb && c <= 0x1f3ff)
		return;
	if ((type & U_GC_M_MASK) != 0) {
		if (u_getCombiningClass(c) == 1)
			add_symbol(m, c);
	} else if ((type & (U_GC_L_MASK | U_GC_N_MASK)) != 0)
		add_letter(m, c);
	else if ((type & U_GC_S_MASK) != 0)
		add_symbol(m, c);
	else
		add_separator(m, c);
}

/*
 * NFKC_Casefold removes case, width and what is invisible (UAX #31); NFD
 * then sets the accents apart.  -1 when it does not fit.
 */
static int32_t
fold(const char *utf8, size_t len, UChar32 out[FOLDED_MAX])
{
	UChar wide[REPLY_TEXT_MAX], folded[FOLDED_MAX], apart[FOLDED_MAX];
	UErrorCode rc = U_ZERO_ERROR;
	int32_t n;

	u_strFromUTF8(wide, REPLY_TEXT_MAX, &n, utf8, (int32_t)len, &rc);
	n = unorm2_normalize(unorm2_getNFKCCasefoldInstance(&rc), wide, n,
	    folded, FOLDED_MAX, &rc);
	n = unorm2_normalize(unorm2_getNFDInstance(&rc), folded, n, apart,
	    FOLDED_MAX, &rc);
	u_strToUTF32(out, FOLDED_MAX, &n, apart, n, &rc);
	return U_SUCCESS(rc) ? n : -1;
}

/* False when the text is more than can be understood. */
static bool
read_words(const char *utf8, size_t len, struct message *m)
{
	UChar32 text[FOLDED_MAX];
	int32_t n;

	memset(m, 0, sizeof(*m));
	if (len > REPLY_TEXT_MAX || !utf8_valid(utf8, len))
		return false;
	n = fold(utf8, len, text);
	for (int32_t i = 0; i < n; i++)
		add_character(m, text[i]);
	return n >= 0 && !m->full;
}

/* How many words from `at` on are the phrase; 0 when it is another. */
static size_t
match(const struct message *m, size_t at, const char *phrase)
{
	size_t len, i = at;

	for (;; i++) {
		len = strcspn(phrase, " ");
		if (i == m->count || (i > at && m->words[i].apart) ||
		    strlen(m->words[i].text) != len ||
		    memcmp(m->words[i].text, phrase, len) != 0)
			return 0;
		if (phrase[len] == '\0')
			return i + 1 - at;
		phrase += len + 1;
	}
}

/* The longest phrase at `at`: its number of words, 0 for none. */
static size_t
longest(const struct message *m, size_t at, enum kind *kind)
{
	size_t n, best = 0;

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		n = match(m, at, phrases[i].text);
		if (n > best) {
			best = n;
			*kind = phrases[i].kind;
		}
	}
	return best;
}

static enum reply_intent
classify_single(const struct message *m)
{
	for (size_t i = 0; i < sizeof(alone) / sizeof(alone[0]); i++)
		if (match(m, 0, alone[i].text) == 1)
			return alone[i].kind == CONFIRM ? REPLY_CONFIRM :
			    REPLY_DECLINE;
	return REPLY_UNCLEAR;
}

/*
 * The kinds of all phrases; 0 when some word belongs to none, or when a
 * cancellation is itself denied, as in "no puedo cancelar".
 */
static unsigned int
kinds_of(const struct message *m)
{
	enum kind kind = KIND_MAX, before = KIND_MAX;
	unsigned int seen = 0;
	size_t n;

	for (size_t i = 0; i < m->count; i += n) {
		if (m->words[i].apart)
			before = KIND_MAX;
		n = longest(m, i, &kind);
		if (n == 0 || (kind == CANCEL && before == NEGATION))
			return 0;
		seen |= BIT(kind);
		if (kind < REGRET)
			before = kind;
	}
	return seen;
}

static enum reply_intent
intent_of(unsigned int seen)
{
	static const unsigned int no = BIT(DECLINE) | BIT(NEGATION) |
	    BIT(CANCEL);
	unsigned int said = seen & (BIT(REGRET) - 1);

	if (said == BIT(CONFIRM))
		return (seen & BIT(REGRET)) != 0 ? REPLY_UNCLEAR :
		    REPLY_CONFIRM;
	if (said != 0 && (said & ~no) == 0)
		return REPLY_DECLINE;
	/* "eliminar mi cita" speaks of the appointment, not of messages. */
	if ((seen & BIT(FILLER)) != 0)
		return REPLY_UNCLEAR;
	if (said == BIT(STOP))
		return REPLY_STOP;
	if (said == BIT(START))
		return REPLY_START;
	return said == BIT(HELP) ? REPLY_HELP : REPLY_UNCLEAR;
}

enum reply_intent
reply_classify(const char *utf8, size_t len)
{
	enum reply_intent intent;
	struct message m;

	if (!read_words(utf8, len, &m) || m.question)
		return REPLY_UNCLEAR;
	if (m.count == 0)
		return REPLY_EMPTY;
	if (m.count == 1) {
		intent = classify_single(&m);
		if (intent != REPLY_UNCLEAR)
			return intent;
	}
	return intent_of(kinds_of(&m));
}

const char *
reply_intent_name(enum reply_intent intent)
{
	static const char *const name[] = {
		[REPLY_CONFIRM] = "confirm", [REPLY_DECLINE] = "decline",
		[REPLY_STOP] = "stop", [REPLY_START] = "start",
		[REPLY_HELP] = "help", [REPLY_CALL_BACK] = "call_back",
		[REPLY_AUTOMATIC] = "automatic",
		[REPLY_UNCLEAR] = "unclear",
		[REPLY_EMPTY] = "empty"
	};

	return name[intent];
}

#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/reply.h"

static void
check(enum reply_intent want, const char *const *texts)
{
	enum reply_intent got;

	for (; *texts != NULL; texts++) {
		got = reply_classify(*texts, strlen(*texts));
		if (got != want) {
			fprintf(stderr, "%s: %s, not %s\n", *texts,
			    reply_intent_name(got), reply_intent_name(want));
			abort();
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
	CHECK(REPLY_UNCLEAR, "eliminar mi cita", "baja la cita",
	    "dar de baja la cita", "stop si", "stop no", "no stop",
	    "stop by tomorrow", "end of the day", "ayuda con mi cita",
	    "baja de peso", "alta de mi perro");
}

static void
in_doubt_a_person_reads_it(void)
{
	CHECK(REPLY_UNCLEAR, "si puedo cambiarla al jueves?",
	    "si puedo cambiarla al jueves", "Si no llego, avísenme", "S.I.",
	    "Quiero reagendar para el viernes", "¿A qué hora es mi cita?",
	    "si?", "¿si", "？", "?", "sí o no", "SI/NO", "si no", "sí, no",
	    "ok cancelo", "no confirmo", "no puedo confirmar", "gracias",
	    "hola", "no hay problema", "no problem", "si pero mas tarde",
	    "yes but later", "a las 10", "1 2", "1 gracias", "y gracias",
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
	return 0;
}

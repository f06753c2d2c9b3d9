#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message/emergency.h"
#include "message/reply.h"

static void
expect(const char *text, const char *phrase)
{
	const char *found = emergency_find(text, strlen(text));

	if ((found == NULL) != (phrase == NULL) ||
	    (found != NULL && strcmp(found, phrase) != 0))
		fprintf(stderr, "%s: %s\n", text, found == NULL ? "none" :
		    found);
	assert((found == NULL) == (phrase == NULL));
	assert(phrase == NULL || strcmp(found, phrase) == 0);
}

static void
test_phrases(void)
{
	expect("\xc2\xa1MI PERRA NO RESPIRA!", "no respira");
	expect("tiene convulsiones desde hace rato", "convulsiones");
	expect("combulsiones", "convulsiones");
	expect("le dan combulciones", "convulsiones");
	expect("est\xc3\xa1 convulcionando", "esta convulsionando");
	expect("ES UNA EMERJENSIAAAA", "es una emergencia");
	expect("lo atropeyaron", "atropellaron");
	expect("se desmall\xc3\xb3 mi perra", "se desmayo");
	expect("est\xc3\xa1 inconciente", "esta inconsciente");
	expect("mi gato no est\xc3\xa1 respirando", "no esta respirando");
	expect("tengo una urgencia", "tengo una urgencia");
	expect("ayuda mi perro", "ayuda mi perro");
	expect("comi\xc3\xb3 mucho chocolate", "comio mucho chocolate");
	expect("no para de sangrar", "no para de sangrar");
	expect("my dog cant breath", "cant breath");
	expect("It's urgent!", "it s urgent");
	/* A mail is broken into lines. */
	expect("mi perro no\r\nrespira", "no respira");
	expect("Llamo para agendar", NULL);
	expect("I was booked, no era eso", NULL);
	expect("\xc2\xbfMe ayuda con mi cita?", NULL);
	expect("se envenen\xc3\xb3 con raticida", "se enveneno");
	expect("He's bleeding a lot", "he s bleeding");
	expect("she can't breathe", "can t breathe");
	expect("\xf0\x9f\x86\x98", "\xf0\x9f\x86\x98");
	expect("no. Respira bien", NULL);
	expect("\xc2\xbf" "A qu\xc3\xa9 hora abren?", NULL);
	expect("S\xc3\xad, confirmo mi cita. Gracias", NULL);
	expect("No puedo ir ma\xc3\xb1" "ana, \xc2\xbfpodr\xc3\xad" "a cambiarla?",
	    NULL);
	expect("Necesito la cartilla de vacunaci\xc3\xb3n urgentemente", NULL);
	expect("", NULL);
	expect("\xff no respira", NULL);
}

/* Wherever it stands in a long letter. */
static void
test_long(void)
{
	char text[8192];

	for (size_t at = 0; at + 16 < sizeof(text); at += 7) {
		memset(text, 'a', sizeof(text));
		for (size_t i = 3; i < sizeof(text); i += 5)
			text[i] = ' ';
		memcpy(text + at, " no respira ", 12);
		text[sizeof(text) - 1] = '\0';
		assert(emergency_find(text, sizeof(text) - 1) != NULL);
	}
	memset(text, 'a', sizeof(text));
	assert(emergency_find(text, sizeof(text)) == NULL);
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xb1", 2);
	assert(emergency_find(text, sizeof(text)) == NULL);
}

static void
test_own(void)
{
	char path[] = "/tmp/omni-words-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	struct error e;

	expect("se trag\xc3\xb3 una abeja", NULL);
	assert(f != NULL && fputs("[yes]\nzarpamos\n[emergency]\n"
	    "se trago una? abeja\n", f) != EOF && fclose(f) == 0);
	assert(emergency_add(path, &e) == 0);
	expect("se trag\xc3\xb3 una abeja", "se trago una abeja");
	expect("zarpamos", NULL);
	expect("no respira", "no respira");
	f = fopen(path, "w");
	assert(f != NULL && fputs("[emergencias]\n", f) != EOF &&
	    fclose(f) == 0);
	assert(emergency_add(path, &e) == -1);
	unlink(path);
	assert(emergency_add(path, &e) == -1);
	/* An answer to a reminder means what it meant. */
	assert(reply_classify("no respira", 10) == REPLY_UNCLEAR ||
	    reply_classify("no respira", 10) == REPLY_DECLINE);
}

int
main(void)
{
	test_phrases();
	test_long();
	test_own();
	return 0;
}

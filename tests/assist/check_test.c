#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assist/assist_impl.h"

#define FACTS	"# Precios\nConsulta 350 MXN. Banco: 55 9876 5432.\n" \
    "Mapa: https://maps.example/roma y ventas@roma.example\n"

static struct config *config;

static void
enter(void)
{
	static const char text[] = "[site]\nemergency = +52 55 5000 0000\n"
	    "public_url = https://hooks.example.com/omni\n"
	    "[mail]\nfrom = Clinica <citas@clinic.example>\n"
	    "[provider p]\nkind = console\n"
	    "[channel sms]\ntype = sms\nprovider = p\nfrom = +525587654321\n";
	char path[] = "/tmp/omni-check-XXXXXX";
	struct error e;
	FILE *f = fdopen(mkstemp(path), "w");

	assert(f != NULL && fputs(text, f) != EOF && fclose(f) == 0);
	config = config_load(path, NULL, 0, &e);
	assert(config != NULL && unlink(path) == 0);
}

/* `why` NULL: a reader may get it. */
static void
expect(const char *text, const char *why)
{
	struct error e = { .text = "" };
	int rc = check_text(config, FACTS, text, &e);

	if ((rc == 0) != (why == NULL) ||
	    (why != NULL && strcmp(e.text, why) != 0))
		fprintf(stderr, "%s: %s\n", text, e.text);
	assert((rc == 0) == (why == NULL));
	assert(why == NULL || strcmp(e.text, why) == 0);
}

#define LINK	"a link that is not ours"
#define NUMBER	"a number that is not the clinic's"
#define ADDRESS	"a mail address that is not the clinic's"

static void
test_links(void)
{
	expect("Vea https://hooks.example.com/omni/preferences?t=x.", NULL);
	expect("(https://hooks.example.com/omni)", NULL);
	expect("Mapa: https://maps.example/roma.", NULL);
	expect("Vea https://maps.example/roma2", LINK);
	expect("https://evil.example/pago", LINK);
	expect("HTTPS://EVIL.EXAMPLE", LINK);
	expect("https://hooks.example.com.evil.mx/omni/", LINK);
	expect("https://hooks.example.com/omnivore", LINK);
	expect("https://hooks.example.com/omni/../x", LINK);
	expect("https://hooks.example.com/omni@evil.mx", ADDRESS);
	expect("pagos-seguros.com", LINK);
	expect("Pague en *PAGOS.COM*, hoy", LINK);
	expect("wa.me/5215599999999", LINK);
	expect("bit.ly/x", LINK);
	expect("www.clinica", LINK);
	expect("javascript:alert(1)", LINK);
	expect("tel:5511112222", LINK);
	expect("http://10.0.0.1/x", LINK);
	expect("10.0.0.1", LINK);
	expect("[aqu\xc3\xad](//evil.mx)", LINK);
	/* What stands around it makes no part of it. */
	expect("evil.mx\xe2\x80\xa6", LINK);
	expect("\xe2\x80\x9c""evil.mx\xe2\x80\x9d", LINK);
	expect("pague:evil.mx", LINK);
	expect("x=evil.mx|y", LINK);
	expect("evil.mx\xef\xbc\x8cgracias", LINK);
	expect("evil\xe3\x80\x82mx", LINK);
	expect("Vea evil.mx\xe2\x80\x94hoy", LINK);
	expect("S\xc3\xad.Gracias. Hola...", NULL);
	expect("Dr. P\xc3\xa9rez, 3.5 kg, de 9.00 a 14.00", NULL);
}

static void
test_addresses(void)
{
	expect("Escriba a citas@clinic.example.", NULL);
	expect("Escriba a ventas@roma.example", NULL);
	expect("Escriba a pagos@evil.mx", ADDRESS);
	expect("ventas@roma.example.evil.mx", ADDRESS);
	expect("ventas@roma.exam", ADDRESS);
	expect("s@clinic.example", ADDRESS);
	expect("VENTAS@roma.example", NULL);
	expect("S\xc3\xadganos: @clinicaroma", NULL);
}

static void
test_numbers(void)
{
	expect("Urgencias: +52 55 5000 0000, o 55 5000 0000", NULL);
	expect("Banco: 55-9876-5432. SMS: 55 8765 4321", NULL);
	expect("El 24-11-2026 a las 10:30 o 2026-11-25, 9:00-14:00", NULL);
	expect("El 24/11/2026 o 4.5.2026; cuesta $1,350.00 o 350 MXN", NULL);
	expect("55 1111 2222", NUMBER);
	expect("Llame al 5511112222", NUMBER);
	expect("+52 (55) 1111.2222", NUMBER);
	expect("55\xe2\x80\x93""1111\xe2\x80\x93""2222", NUMBER);
	expect("55\xc2\xa0""1111\xc2\xa0""2222", NUMBER);
	expect("24-11-2026 5511112222", NUMBER);
	expect("5511-11-22 22", NUMBER);
	expect("55_1111_2222 o *55* *1111* *2222*", NUMBER);
	expect("\xef\xbc\x95\xef\xbc\x95 1111 2222", "digits that are not 0 "
	    "to 9");
	expect("\xd9\xa5\xd9\xa5", "digits that are not 0 to 9");
	expect("\xc2\xbd kg", NULL);
}

static void
test_characters(void)
{
	char text[2048];

	expect("", "an empty answer");
	expect(" \n\t ", "an empty answer");
	expect("Hola\x1b[2J", "its text has a control character");
	expect("Hola\xe2\x80\xae", "its text has a character that turns the "
	    "direction of writing");
	expect("ev\xe2\x80\x8bil.mx", "characters that nobody sees");
	expect("\xf0\x9f\x91\x8d \xe2\x9d\xa4\xef\xb8\x8f ok", NULL);
	memset(text, 'a', sizeof(text));
	text[1000] = '\0';
	expect(text, NULL);
	text[1000] = 'a';
	text[1001] = '\0';
	expect(text, "longer than 1000 characters");
}

static void
test_promises(void)
{
	assert(proposal_promises("Su cita est\xc3\xa1 confirmada."));
	assert(proposal_promises("Listo, la borr\xc3\xa9."));
	assert(proposal_promises("Su cita fue eliminada"));
	assert(proposal_promises("Your visit has been removed"));
	assert(proposal_promises("Ya la CANCEL\xc3\x89."));
	assert(proposal_promises("Your appointment was rescheduled"));
	assert(!proposal_promises("Abrimos de 9 a 7."));
	assert(!proposal_promises("We are open from 9 to 7."));
}

int
main(void)
{
	record_setup();
	enter();
	test_links();
	test_addresses();
	test_numbers();
	test_characters();
	test_promises();
	config_free(config);
	return 0;
}

#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "message/segments.h"
#include "message/smart.h"
#include "message/sms.h"

static struct arena mem = ARENA_INIT(1024 * 1024);

static void
offender(const struct sms_offenders *o, size_t i, const char *text, size_t at,
    size_t count)
{
	assert(i < o->count);
	assert(strcmp(o->item[i].text, text) == 0);
	assert(o->item[i].at == at);
	assert(o->item[i].count == count);
}

static void
offenders_have_their_place(void)
{
	struct sms_offenders o;

	sms_offenders("", &o);
	assert(o.count == 0 && o.total == 0);
	sms_offenders("¿Año? ñandú [€]\r\n", &o);
	assert(o.count == 1 && o.total == 1);
	offender(&o, 0, "ú", 11, 1);
	sms_offenders("sí, 👍🏽 sí — así", &o);
	assert(o.count == 4 && o.total == 6);
	offender(&o, 0, "í", 2, 3);
	offender(&o, 1, "👍", 5, 1);
	offender(&o, 2, "\xf0\x9f\x8f\xbd", 6, 1);
	offender(&o, 3, "—", 11, 1);
	sms_offenders("`", &o);
	offender(&o, 0, "`", 1, 1);
}

/* Cyrillic а to я, twice: 32 letters, of which 20 are named. */
static void
the_list_has_an_end(void)
{
	struct sms_offenders o;
	char text[2 * 2 * 32 + 1];

	for (unsigned int i = 0; i < 64; i++) {
		text[2 * i] = (char)(i % 32 < 16 ? 0xd0 : 0xd1);
		text[2 * i + 1] = (char)(i % 32 < 16 ? 0xb0 + i % 32 :
		    0x70 + i % 32);
	}
	text[sizeof(text) - 1] = '\0';
	sms_offenders(text, &o);
	assert(o.count == SMS_LISTED && o.total == 64);
	offender(&o, 0, "а", 1, 2);
	offender(&o, SMS_LISTED - 1, "у", 20, 2);
}

static void
change(const struct sms_change **list, const char *from, const char *to,
    size_t count)
{
	assert(*list != NULL);
	assert(strcmp((*list)->from, from) == 0);
	assert(strcmp((*list)->to, to) == 0);
	assert((*list)->count == count);
	*list = (*list)->next;
}

static void
look_alikes_are_replaced(void)
{
	struct sms_change *changes = NULL;
	const struct sms_change *list;

	assert(strcmp(sms_smart("“Año” – 10… – á 👍\u200b", &changes, &mem),
	    "\"Año\" - 10... - á 👍") == 0);
	list = changes;
	change(&list, "“", "\"", 1);
	change(&list, "”", "\"", 1);
	change(&list, "–", "-", 2);
	change(&list, "…", "...", 1);
	change(&list, "\u200b", "", 1);
	assert(list == NULL);
	changes = NULL;
	assert(strcmp(sms_smart("hola\n^", &changes, &mem), "hola\n^") == 0);
	assert(changes == NULL);
}

/* The table: only what GSM-7 lacks, and only GSM-7 in its place. */
static void
the_table_leads_into_gsm7(void)
{
	struct sms_offenders o;
	const char *to;
	int count = 0;

	for (uint32_t c = 0; c < 0x110000; c++) {
		to = smart_replacement(c);
		if (to == NULL)
			continue;
		count++;
		assert(segments_septets(c) == 0);
		sms_offenders(to, &o);
		assert(o.total == 0);
	}
	assert(count == 269);	/* U+0000 is not there */
	assert(strcmp(smart_replacement(0xff3d), "]") == 0);
	assert(smart_replacement(0x2011) == NULL);
	assert(smart_replacement(0x12018) == NULL);
}

static void
plain_is(const char *text, const char *expected)
{
	struct sms_change *changes = NULL;
	const char *got = sms_plain(text, &changes, &mem);

	if (expected != NULL)
		assert(got != NULL && strcmp(got, expected) == 0);
	else
		assert(got == NULL && changes == NULL);
}

static void
accents_go_where_gsm7_lacks_them(void)
{
	struct sms_change *changes = NULL;
	const struct sms_change *list;

	plain_is("áéíóú ÁÉÍÓÚ", "aéiou AÉIOU");
	plain_is("ñÑ üÜ àèìòù äöÄÖ çÇ ¿¡", "ñÑ üÜ àèìòù äöÄÖ cÇ ¿¡");
	plain_is("1.ª 2.º ãõâêîôû ïë šž ňÅå",
	    "1.a 2.o aoaeiou ie sz nÅå");
	plain_is("ǘ ế", "ü e");
	plain_is("", "");
	assert(strcmp(sms_plain("Cancún, algún día", &changes, &mem),
	    "Cancun, algun dia") == 0);
	list = changes;
	change(&list, "ú", "u", 2);
	change(&list, "í", "i", 1);
	assert(list == NULL);
}

static void
accents_stay_where_nothing_is_gained(void)
{
	plain_is("Cancún 👍", NULL);
	plain_is("Cancún – 10:30", NULL);
	plain_is("≠", NULL);	/* an equals sign and a mark */
	plain_is("°", NULL);
	plain_is("ά", NULL);	/* alpha is not in GSM-7 without it either */
	plain_is("e\u0301", NULL);	/* composed by the caller */
	plain_is("ł", NULL);	/* not a letter with a mark */
	plain_is("𝐚", NULL);
}

int
main(void)
{
	offenders_have_their_place();
	the_list_has_an_end();
	look_alikes_are_replaced();
	the_table_leads_into_gsm7();
	accents_go_where_gsm7_lacks_them();
	accents_stay_where_nothing_is_gained();
	arena_release(&mem);
	return 0;
}

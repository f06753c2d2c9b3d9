/* The words of the person who wrote, in the ways of many programs. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "provider/mail_text.h"

static int wrong;

static void
words(const char *text, const char *want)
{
	struct buf out = BUF_INIT(4096);

	mail_own_words(text, &out);
	if (strcmp(buf_text(&out), want) != 0) {
		fprintf(stderr, "of <<%s>>\ngot  <<%s>>\nwant <<%s>>\n", text,
		    buf_text(&out), want);
		wrong++;
	}
	buf_release(&out);
}

/* Below "Sí", with and without '>' and folded where it has a blank. */
static void
test_announcements(void)
{
	static const char *const lines[] = {
		"On Fri, Nov 20, 2026 at 9:15 AM Sol <a@b.example> wrote:",
		"On Nov 20, 2026, at 3:45 PM, O'Hara, Sol <a@b.example> wrote:",
		"On 20/11/2026 12:00, Sol wrote:",
		"El vie, 20 nov 2026 a las 9:15, Sol (<a@b.example>) escribió:",
		"El 20 nov 2026, a las 12:00, Sol <a@b.example> escribió:",
		"El 20/11/26 a las 12:00, Sol escribió:",
		"En viernes, 20 de noviembre de 2026, 12:00:00 GMT-6, Sol "
		    "<a@b.example> escribió:",
		"Sol <a@b.example> escribió:",
		"Sol escribió el 20/11/2026 a las 12:00:",
		"Le ven. 20 nov. 2026 à 09:15, Sol <a@b.example> a écrit :",
		"Le 20/11/2026 à 09:15, Sol a écrit\xc2\xa0:",
		"Am 20.11.2026 um 09:15 schrieb Sol <a@b.example>:",
		"Am Fr., 20. Nov. 2026 um 09:15 Uhr schrieb Sol "
		    "<a@b.example>:",
		"Il giorno ven 20 nov 2026 alle ore 09:15 Sol <a@b.example> "
		    "ha scritto:",
		"Em sex., 20 de nov. de 2026 às 09:15, Sol <a@b.example> "
		    "escreveu:",
		"Op vr 20 nov. 2026 om 09:15 schreef Sol <a@b.example>:",
		"Op 20 nov 2026 om 09:15 heeft Sol <a@b.example> het volgende "
		    "geschreven:",
		"Den fre 20 nov. 2026 kl 09:15 skrev Sol <a@b.example>:",
		"fre. 20. nov. 2026 kl. 09:15 skrev Sol <a@b.example>:",
		"pe 20. marrask. 2026 klo 9.15 Sol (a@b.example) kirjoitti:",
		"pt., 20 lis 2026 o 09:15 Sol <a@b.example> napisał(a):",
		"pá 20. 11. 2026 v 9:15 odesílatel Sol <a@b.example> napsal:",
		"Sol <a@b.example> ezt írta (időpont: 2026. nov. 20., P, "
		    "9:15):",
		"пт, 20 нояб. 2026 г. в 09:15, Sol <a@b.example>:",
		"Sol <a@b.example> написал(а):",
		"20 Kas 2026 Cum, 09:15 tarihinde Sol <a@b.example> şunu "
		    "yazdı:",
		"Στις Παρ 20 Νοε 2026 στις 9:15 ο χρήστης Sol <a@b.example> "
		    "έγραψε:",
		"În vin., 20 nov. 2026 la 09:15, Sol <a@b.example> a scris:",
		"El dv., 20 de nov. 2026, 9:15, Sol <a@b.example> va escriure:",
		"Sol <a@b.example> 于2026年11月20日周五 09:15写道：",
		"2026年11月20日(金) 9:15 Sol <a@b.example>:",
		"2026년 11월 20일 (금) 오전 9:15, Sol <a@b.example>님이 작성:",
		"20.11.2026, 18.30, \"Sol\" <a@b.example>:",
		"Friday, 20 November 2026, 3:32 PM -0600 from a@b.example "
		    "<a@b.example>:",
		"2026-11-20 9:15 GMT-06:00 Sol <a@b.example>:",
		"Quoting Sol <a@b.example>:",
		"Citando a Sol <a@b.example>:",
		"---- On Fri, 20 Nov 2026 09:15:00 -0600 Sol <a@b.example> "
		    "wrote ----"
	};
	char text[1024], folded[512], *blank;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "Sí\n\n%s\n\nResponda NO\n",
		    lines[i]);
		words(text, "Sí");
		snprintf(text, sizeof(text), "Sí\r\n%s\r\n> Responda NO\r\n",
		    lines[i]);
		words(text, "Sí");
		snprintf(text, sizeof(text), "%s\n> Responda NO\n\nSí\n",
		    lines[i]);
		words(text, "Sí");
		/* As a program folds it at its last blank but one. */
		snprintf(folded, sizeof(folded), "%s", lines[i]);
		blank = strstr(folded, " <");
		if (blank == NULL || strstr(folded, "----") != NULL)
			continue;
		*blank = '\n';
		snprintf(text, sizeof(text), "Sí\n\n%s\n\nResponda NO\n",
		    folded);
		words(text, "Sí");
	}
}

static void
test_heads(void)
{
	static const char *const heads[] = {
		"From: Sol\nSent: Friday\nTo: Ana\nSubject: x",
		"*From:* Sol\n*Sent:* Friday\n*To:* Ana",
		"From: Sol <a@b.example>",
		"From: Sol\n<a@b.example>\nSent: Friday\nTo: Ana",
		"De: Sol\nEnviado el: viernes\nPara: Ana\nAsunto: x",
		"De: Sol\nFecha: viernes\nPara: Ana\nAsunto: x",
		"De : Sol\nEnvoyé : vendredi\nÀ : Ana\nObjet : x",
		"====\n\nMessage du : 20/11/2026\nDe : Sol\nA : Ana\nSujet : x",
		"Von: Sol\nGesendet: Freitag\nAn: Ana\nBetreff: x",
		"Da: Sol\nInviato: venerdì\nA: Ana\nOggetto: x",
		"De: Sol\nEnviada: sexta\nPara: Ana\nAssunto: x",
		"Van: Sol\nVerzonden: vrijdag\nAan: Ana\nOnderwerp: x",
		"Från: Sol\nSkickat: fredag\nTill: Ana\nÄmne: x",
		"Fra: Sol\nSendt: fredag\nTil: Ana\nEmne: x",
		"Lähettäjä: Sol\nLähetetty: perjantai\nAihe: x",
		"Od: Sol\nWysłano: piątek\nDo: Ana\nTemat: x",
		"Od: Sol\nOdesláno: pátek\nKomu: Ana\nPředmět: x",
		"Feladó: Sol\nElküldve: péntek\nCímzett: Ana\nTárgy: x",
		"De la: Sol\nTrimis: vineri\nCătre: Ana\nSubiect: x",
		"От: Sol\nОтправлено: пятница\nКому: Ana\nТема: x",
		"Kimden: Sol\nGönderildi: Cuma\nKime: Ana\nKonu: x",
		"发件人: Sol\n发送时间: 周五\n收件人: Ana\n主题: x",
		"差出人: Sol\n送信日時: 金曜日\n宛先: Ana\n件名: x",
		"From: Sol Sent: Friday To: Ana Subject: x",
		"-----Original Message-----", "----- Mensaje original -----",
		"-------- Ursprüngliche Nachricht --------",
		"-------- Alkuperäinen viesti --------",
		"------- Otsikko jota kukaan ei tunne -------",
		"---------- Forwarded message ---------",
		"Begin forwarded message:", "________________________________"
	};
	char text[1024];

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		snprintf(text, sizeof(text), "Sí, voy.\n\n%s\n\nResponda NO\n",
		    heads[i]);
		words(text, "Sí, voy.");
	}
}

static void
test_signatures(void)
{
	static const char *const lines[] = { "-- \nAna", "--\nAna", "—\nAna",
		"__\nAna", "Sent from my iPhone", "Enviado desde mi iPhone",
		"Enviado desde mi Samsung Galaxy A52", "Enviado desde Yahoo "
		"Mail para Android", "Enviado desde Outlook para iOS"
		"<https://aka.ms/x>", "Obtener Outlook para Android",
		"Get Outlook for iOS", "Envoyé de mon iPhone", "Envoyé à "
		"partir de Outlook pour iOS", "Von meinem iPhone gesendet",
		"Gesendet von Outlook für Android", "Inviato da iPhone",
		"Enviado do meu iPhone", "Verstuurd vanaf mijn iPad",
		"Skickat från min iPhone", "Sendt fra min iPhone",
		"Wysłane z iPhone'a", "Отправлено с iPhone",
		"iPhone'umdan gönderildi", "iPhoneから送信", "发自我的 iPhone",
		"Libre de virus. www.example.com", "Saludos,\nAna López",
		"Un saludo\n\nAna López\nTel. 55 1234 5678\nwww.x.example",
		"Atentamente,\nLic. Ana López\nDirectora", "Best regards,\nAna",
		"Mit freundlichen Grüßen\nAna", "Cordialement,\nAna" };
	char text[1024];

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "No puedo\n\n%s\n", lines[i]);
		words(text, "No puedo");
		snprintf(text, sizeof(text), "No puedo\n\n%s\n\nEl 20/11/2026 "
		    "12:00, Sol <a@b.example> escribió:\n\n> BAJA\n", lines[i]);
		words(text, "No puedo");
	}
	words("Confirmo\nGracias,\nAna López\n", "Confirmo\nGracias,");
	words("Enviado desde mi iPhone\n\nConfirmo\n", "Confirmo");
}

/* What looks like one of these, and is the person's. */
static void
test_persons(void)
{
	static const char *const texts[] = {
		"El doctor me dijo que a las 10:30 escribió la receta",
		"On Monday I cannot come at 10:30",
		"Ayer escribió un informe muy completo",
		"De: nada",
		"Para: mañana",
		"No: el martes no puedo",
		"A las 10:30 voy",
		"Sí, a las 12:00:",
		"Gracias\nPero el martes no puedo",
		"Saludos\nP.D. no puedo el martes",
		"Saludos\n¿Puede ser el jueves?",
		"Saludos\nNo",
		"Quoting is hard:",
		"Enviado desde ayer por la mañana el pago que me pidió la "
		"señora de la recepción de su clínica",
		"1. sí\n2. no"
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		words(texts[i], texts[i]);
}

static void
test_between(void)
{
	/* Above an announcement that looks as if it began there. */
	words("Sí\nOn Nov 20, 2026, at 3:00 PM, Sol <a@b.example> wrote:\n> x",
	    "Sí");
	words("Sí, a las 10:30\nOn Nov 20, 2026, at 3:00 PM, Sol "
	    "<a@b.example> wrote:\n> x", "Sí, a las 10:30");
	words("On Fri, 20 Nov 2026,\n12:34 pm Sol <a@b.example>\nwrote:\n\nx",
	    "");
	/* Answers between what is quoted stay. */
	words("On 20/11/2026 Sol <a@b.example> wrote:\n> ¿Viene?\nsí\n> ¿A las "
	    "diez?\nNo, a las once\n", "sí\nNo, a las once");
	words("Sí\nOn Fri, 20 Nov 2026, X wrote:\n> STOP\nPero no el martes",
	    "Sí\nPero no el martes");
	/* A line of the quote that was wrapped once more. */
	words("Sí\n\nOp 20-11-2026 schreef Sol <a@b.example>:\n"
	    "> Le recordamos su cita de mañana, en la calle de siempre y con "
	    "los papeles\nque ya conoce usted\n> Responda NO\n", "Sí");
	/* But not where it says something. */
	words("Op 20-11-2026 schreef Sol <a@b.example>:\n"
	    "> Le recordamos su cita de mañana, en la calle de siempre y con "
	    "los papeles\nno puedo ir\n> Responda NO\n", "no puedo ir");
	words("tir. 18. apr. 2026 kl. 13:09 skrev Sol <a@b.example\n>:\n> x\n",
	    "");
}

/* On one line with what it answers, and other carelessness of programs. */
static void
test_careless(void)
{
	words("Sí On Fri, Nov 20, 2026 at 3:59 PM, a@b.example wrote:\n> NO",
	    "Sí");
	words("No puedo--- On Fri, Nov 20, 2026 at 3:59 PM, Sol <a@b.example> "
	    "wrote:\n> SI", "No puedo");
	words("Sí\n2026/11/20 Sol <a@b.example>\n\n> BAJA", "Sí");
	words("2026/11/20 Sol <a@b.example>\nBAJA",
	    "2026/11/20 Sol <a@b.example>\nBAJA");
	words("Sí\n\nFrom: a@b.example\n\nBAJA", "Sí");
	words("Sí\n\nSol <a@b.example> schrieb am Fr., 20.\nNov. 2026, 21:08:"
	    "\n\n> BAJA", "Sí");
	words("Sí\n\n_____________\nFrom: a@b.example\n\n> BAJA", "Sí");
	words("Sí\n\nSaludos 🎉\nAna\n\n—————\nAna López\n", "Sí");
	words("Sí\n\nSaludos, Ana\n", "Sí");
	words("Sí\nSent from Samsung MobileSol <a@b.example> wrote:\n>\n> x",
	    "Sí");
	words("Test\n> x\n (http://x.example/c) >\n> y",
	    "Test\n(http://x.example/c) >");
}

/* What does not fit is left. */
static void
test_full(void)
{
	struct buf out = BUF_INIT(8);

	mail_own_words("abcdefghijkl\nx\n", &out);
	assert(out.full);
	assert(strcmp(buf_text(&out), "abcdefgh") == 0);
	buf_release(&out);
}

int
main(void)
{
	test_announcements();
	test_heads();
	test_signatures();
	test_persons();
	test_between();
	test_careless();
	test_full();
	assert(wrong == 0);
	return 0;
}

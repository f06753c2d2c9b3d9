/*
 * The words by which mail programs announce what they quote, and sign.
 *
 * "Wrote", openings and "original message": the texts of Thunderbird's
 * translations (mailnews.reply_header_*), of Gmail and of Apple Mail, as they
 * stand at the top of what these programs quote.  Fields: Outlook, Apple Mail,
 * Gmail, Yahoo and Thunderbird, whose words differ in some languages, so that
 * one language has several.  Signatures: the defaults of telephones and their
 * mail programs.
 */
#include "mail_quote.h"

const char *const mail_verbs[] = {
	"wrote", "writes", "sent",			/* en */
	"escribió", "escribio", "ha escrito",		/* es */
	"va escriure", "ha escrit",			/* ca */
	"escribiu", "idatzi du", "idatzi zuen",		/* gl, eu */
	"a écrit", "écrit", "a ecrit",			/* fr */
	"escreveu",					/* pt */
	"ha scritto", "scrisse", "ha scrit",		/* it, rm */
	"schrieb", "geschrieben",			/* de */
	"schreef", "geschreven", "skreau",		/* nl, fy */
	"skrev", "skreiv", "skrev følgende", "skrifaði",	/* sv da is */
	"kirjoitti", "kirjutas",			/* fi, et */
	"napisał", "napisała", "napisał(a)", "pisze",	/* pl */
	"napsal", "napsala", "napsal(a)",		/* cs */
	"napísal", "napísala", "napísal(a)",		/* sk */
	"napisao", "napisala", "napisao/la",		/* hr, sr */
	"napisal", "napisal(a)",			/* sl */
	"írta", "ezt írta",				/* hu */
	"a scris", "shkroi",				/* ro, sq */
	"şunu yazdı", "yazdı",				/* tr */
	"έγραψε", "έγραψαν",				/* el */
	"написал", "написала", "написал(а)", "пишет",	/* ru */
	"написав", "написала", "пише", "напісаў",	/* uk, be */
	"написа", "напиша",				/* bg, mk */
	"rašė", "parašė", "rakstīja",			/* lt, lv */
	"đã viết", "menulis", "เขียน",			/* vi, id, th */
	"כתב", "כתבה", "כתב/ה", "كتب", "كتبت",	/* he, ar */
	"写道", "寫道", "写于", "のメッセージ", "書きました",	/* zh, ja */
	"님이 작성", "작성", "쓴 글",				/* ko */
	0
};

/* What stands before the date; a blank follows. */
const char *const mail_openings[] = {
	"On", "In", "At", "El", "En", "Le", "Am", "Il", "In data", "Em", "Às",
	"Op", "Den", "På", "D.", "W dniu", "Dnia", "Dne", "Dňa", "La", "Pe",
	"Þann", "Na", "На", "У", "В", "Më", "Dana", "Vào", "Pada", "Στις",
	"Την", "ב-", "في", "على", "在", 0
};

/* Horde and KMail: "Quoting Ana <ana@example.net>:". */
const char *const mail_quotings[] = {
	"Quoting", "Citando", "Zitat von", "Quote", "Citazione", "Citerar",
	"Citaat", "Cytowanie", "En réponse à", "In response to",
	"In reply to", "In answer to", "In a message dated", 0
};

const char *const mail_originals[] = {
	"original message", "original appointment", "reply message",
	"mensaje original", "mensaxe orixinal", "missatge original",
	"jatorrizko mezua", "message d'origine", "message d’origine",
	"message original", "mensagem original", "messaggio originale",
	"ursprüngliche nachricht", "ursprüngliche mitteilung",
	"original-nachricht", "originalnachricht", "antwort nachricht",
	"oorspronkelijk bericht", "oarspronklik berjocht",
	"ursprungligt meddelande", "originalmeddelande",
	"oprindelig meddelelse", "oprindelig besked", "opprinnelig melding",
	"opphavleg melding", "alkuperäinen viesti", "algne kiri",
	"wiadomość oryginalna", "treść oryginalnej wiadomości",
	"oryginalna wiadomość", "původní zpráva", "pôvodná správa",
	"eredeti üzenet", "mesajul original", "mesaj original",
	"izvorna poruka", "originalna poruka", "izvirno sporočilo",
	"özgün ileti", "orijinal mesaj", "Αρχικό μήνυμα", "Исходное сообщение",
	"Початкове повідомлення", "Оригинално писмо", "Оригинална порака",
	"thư gốc", "pesan asli", "הודעה מקורית", "الرسالة الأصلية",
	"原始邮件", "原始消息", "原始郵件", "元のメッセージ", "원본 메시지",
	/* Forwarded with a word on top is answered, too. */
	"forwarded message", "begin forwarded message", "mensaje reenviado",
	"inicio del mensaje reenviado", "message transféré",
	"début du message", "weitergeleitete nachricht",
	"anfang der weitergeleiteten", "mensagem encaminhada",
	"mensagem reencaminhada", "messaggio inoltrato",
	"inizio messaggio inoltrato", "doorgestuurd bericht",
	"vidarebefordrat meddelande", "videresendt", "välitetty viesti",
	"missatge reenviat", 0
};

const struct mail_field_name mail_field_names[] = {
	{ "From", MAIL_FIELD_FROM }, { "De", MAIL_FIELD_FROM },
	{ "Von", MAIL_FIELD_FROM }, { "Da", MAIL_FIELD_FROM },
	{ "Mittente", MAIL_FIELD_FROM }, { "Van", MAIL_FIELD_FROM },
	{ "Från", MAIL_FIELD_FROM }, { "Fra", MAIL_FIELD_FROM },
	{ "Frå", MAIL_FIELD_FROM }, { "Frá", MAIL_FIELD_FROM },
	{ "Avsender", MAIL_FIELD_FROM }, { "Lähettäjä", MAIL_FIELD_FROM },
	{ "Saatja", MAIL_FIELD_FROM }, { "Od", MAIL_FIELD_FROM },
	{ "Nadawca", MAIL_FIELD_FROM }, { "Šalje", MAIL_FIELD_FROM },
	{ "Pošiljatelj", MAIL_FIELD_FROM }, { "Feladó", MAIL_FIELD_FROM },
	{ "De la", MAIL_FIELD_FROM }, { "Expeditorul", MAIL_FIELD_FROM },
	{ "Expéditeur", MAIL_FIELD_FROM }, { "Remitente", MAIL_FIELD_FROM },
	{ "Kimden", MAIL_FIELD_FROM }, { "Gönderen", MAIL_FIELD_FROM },
	{ "От", MAIL_FIELD_FROM }, { "Отправитель", MAIL_FIELD_FROM },
	{ "Від", MAIL_FIELD_FROM }, { "Від кого", MAIL_FIELD_FROM },
	{ "Од", MAIL_FIELD_FROM }, { "Από", MAIL_FIELD_FROM },
	{ "Nuo", MAIL_FIELD_FROM },
	{ "Nork", MAIL_FIELD_FROM }, { "Từ", MAIL_FIELD_FROM },
	{ "Dari", MAIL_FIELD_FROM }, { "จาก", MAIL_FIELD_FROM },
	{ "מאת", MAIL_FIELD_FROM }, { "من", MAIL_FIELD_FROM },
	{ "差出人", MAIL_FIELD_FROM }, { "发件人", MAIL_FIELD_FROM },
	{ "寄件者", MAIL_FIELD_FROM }, { "寄件人", MAIL_FIELD_FROM },
	{ "보낸 사람", MAIL_FIELD_FROM },

	{ "Sent", MAIL_FIELD_DATE }, { "Date", MAIL_FIELD_DATE },
	{ "Enviado", MAIL_FIELD_DATE }, { "Enviado el", MAIL_FIELD_DATE },
	{ "Enviada", MAIL_FIELD_DATE }, { "Enviado em", MAIL_FIELD_DATE },
	{ "Enviada em", MAIL_FIELD_DATE }, { "Enviat", MAIL_FIELD_DATE },
	{ "Enviat el", MAIL_FIELD_DATE }, { "Fecha", MAIL_FIELD_DATE },
	{ "Data", MAIL_FIELD_DATE }, { "Envoyé", MAIL_FIELD_DATE },
	{ "Envoyé le", MAIL_FIELD_DATE }, { "Envoye", MAIL_FIELD_DATE },
	{ "Message du", MAIL_FIELD_DATE }, { "Gesendet", MAIL_FIELD_DATE },
	{ "Datum", MAIL_FIELD_DATE }, { "Inviato", MAIL_FIELD_DATE },
	{ "Inviata", MAIL_FIELD_DATE }, { "Verzonden", MAIL_FIELD_DATE },
	{ "Verstuurd", MAIL_FIELD_DATE }, { "Skickat", MAIL_FIELD_DATE },
	{ "Sendt", MAIL_FIELD_DATE }, { "Dato", MAIL_FIELD_DATE },
	{ "Lähetetty", MAIL_FIELD_DATE }, { "Päivämäärä", MAIL_FIELD_DATE },
	{ "Päiväys", MAIL_FIELD_DATE }, { "Saadetud", MAIL_FIELD_DATE },
	{ "Kuupäev", MAIL_FIELD_DATE }, { "Wysłano", MAIL_FIELD_DATE },
	{ "Wysłane", MAIL_FIELD_DATE }, { "Odesláno", MAIL_FIELD_DATE },
	{ "Odoslané", MAIL_FIELD_DATE }, { "Dátum", MAIL_FIELD_DATE },
	{ "Poslano", MAIL_FIELD_DATE }, { "Küldve", MAIL_FIELD_DATE },
	{ "Elküldve", MAIL_FIELD_DATE }, { "Trimis", MAIL_FIELD_DATE },
	{ "Gönderildi", MAIL_FIELD_DATE }, { "Tarih", MAIL_FIELD_DATE },
	{ "Gönderme Tarihi", MAIL_FIELD_DATE },
	{ "Отправлено", MAIL_FIELD_DATE }, { "Дата", MAIL_FIELD_DATE },
	{ "Надіслано", MAIL_FIELD_DATE }, { "Изпратено", MAIL_FIELD_DATE },
	{ "Послато", MAIL_FIELD_DATE }, { "Στάλθηκε", MAIL_FIELD_DATE },
	{ "Αποστολή", MAIL_FIELD_DATE }, { "Ημερομηνία", MAIL_FIELD_DATE },
	{ "Išsiųsta", MAIL_FIELD_DATE }, { "Nosūtīts", MAIL_FIELD_DATE },
	{ "Bidalia", MAIL_FIELD_DATE }, { "Đã gửi", MAIL_FIELD_DATE },
	{ "Ngày", MAIL_FIELD_DATE }, { "Dikirim", MAIL_FIELD_DATE },
	{ "Tanggal", MAIL_FIELD_DATE }, { "ส่ง", MAIL_FIELD_DATE },
	{ "נשלח", MAIL_FIELD_DATE }, { "تم الإرسال", MAIL_FIELD_DATE },
	{ "تاريخ الإرسال", MAIL_FIELD_DATE }, { "送信日時", MAIL_FIELD_DATE },
	{ "日付", MAIL_FIELD_DATE }, { "日時", MAIL_FIELD_DATE },
	{ "发送时间", MAIL_FIELD_DATE }, { "日期", MAIL_FIELD_DATE },
	{ "寄件日期", MAIL_FIELD_DATE }, { "傳送時間", MAIL_FIELD_DATE },
	{ "보낸 날짜", MAIL_FIELD_DATE }, { "날짜", MAIL_FIELD_DATE },

	{ "To", MAIL_FIELD_TO }, { "Cc", MAIL_FIELD_TO },
	{ "Para", MAIL_FIELD_TO }, { "Per a", MAIL_FIELD_TO },
	{ "À", MAIL_FIELD_TO }, { "A", MAIL_FIELD_TO },
	{ "Pour", MAIL_FIELD_TO }, { "Copie à", MAIL_FIELD_TO },
	{ "An", MAIL_FIELD_TO }, { "Kopie", MAIL_FIELD_TO },
	{ "Aan", MAIL_FIELD_TO }, { "Till", MAIL_FIELD_TO },
	{ "Til", MAIL_FIELD_TO }, { "Kopia", MAIL_FIELD_TO },
	{ "Kopi", MAIL_FIELD_TO }, { "Vastaanottaja", MAIL_FIELD_TO },
	{ "Kopio", MAIL_FIELD_TO }, { "Do", MAIL_FIELD_TO },
	{ "DW", MAIL_FIELD_TO }, { "Komu", MAIL_FIELD_TO },
	{ "Adresat", MAIL_FIELD_TO }, { "Prima", MAIL_FIELD_TO },
	{ "Za", MAIL_FIELD_TO }, { "Címzett", MAIL_FIELD_TO },
	{ "Către", MAIL_FIELD_TO }, { "Destinatarul", MAIL_FIELD_TO },
	{ "Kime", MAIL_FIELD_TO }, { "Alıcı", MAIL_FIELD_TO },
	{ "Кому", MAIL_FIELD_TO }, { "До", MAIL_FIELD_TO },
	{ "Копия", MAIL_FIELD_TO }, { "Προς", MAIL_FIELD_TO },
	{ "Kam", MAIL_FIELD_TO }, { "Nori", MAIL_FIELD_TO },
	{ "Đến", MAIL_FIELD_TO }, { "Kepada", MAIL_FIELD_TO },
	{ "ถึง", MAIL_FIELD_TO }, { "אל", MAIL_FIELD_TO },
	{ "إلى", MAIL_FIELD_TO }, { "宛先", MAIL_FIELD_TO },
	{ "收件人", MAIL_FIELD_TO }, { "收件者", MAIL_FIELD_TO },
	{ "받는 사람", MAIL_FIELD_TO },

	{ "Subject", MAIL_FIELD_SUBJECT }, { "Asunto", MAIL_FIELD_SUBJECT },
	{ "Assumpte", MAIL_FIELD_SUBJECT }, { "Tema", MAIL_FIELD_SUBJECT },
	{ "Objet", MAIL_FIELD_SUBJECT }, { "Sujet", MAIL_FIELD_SUBJECT },
	{ "Betreff", MAIL_FIELD_SUBJECT }, { "Oggetto", MAIL_FIELD_SUBJECT },
	{ "Assunto", MAIL_FIELD_SUBJECT }, { "Onderwerp", MAIL_FIELD_SUBJECT },
	{ "Ämne", MAIL_FIELD_SUBJECT }, { "Emne", MAIL_FIELD_SUBJECT },
	{ "Aihe", MAIL_FIELD_SUBJECT }, { "Teema", MAIL_FIELD_SUBJECT },
	{ "Temat", MAIL_FIELD_SUBJECT }, { "Předmět", MAIL_FIELD_SUBJECT },
	{ "Predmet", MAIL_FIELD_SUBJECT }, { "Naslov", MAIL_FIELD_SUBJECT },
	{ "Zadeva", MAIL_FIELD_SUBJECT }, { "Tárgy", MAIL_FIELD_SUBJECT },
	{ "Subiect", MAIL_FIELD_SUBJECT }, { "Subiectul", MAIL_FIELD_SUBJECT },
	{ "Konu", MAIL_FIELD_SUBJECT }, { "Тема", MAIL_FIELD_SUBJECT },
	{ "Относно", MAIL_FIELD_SUBJECT }, { "Θέμα", MAIL_FIELD_SUBJECT },
	{ "Gaia", MAIL_FIELD_SUBJECT }, { "Chủ đề", MAIL_FIELD_SUBJECT },
	{ "Perihal", MAIL_FIELD_SUBJECT }, { "Subjek", MAIL_FIELD_SUBJECT },
	{ "เรื่อง", MAIL_FIELD_SUBJECT }, { "נושא", MAIL_FIELD_SUBJECT },
	{ "الموضوع", MAIL_FIELD_SUBJECT }, { "件名", MAIL_FIELD_SUBJECT },
	{ "主题", MAIL_FIELD_SUBJECT }, { "主旨", MAIL_FIELD_SUBJECT },
	{ "제목", MAIL_FIELD_SUBJECT },
	{ 0, MAIL_FIELD_NONE }
};

/* Beginnings of what telephones and programs sign with. */
const char *const mail_devices[] = {
	"Sent from ", "Sent with ", "Sent via ", "Sent using ",
	"Get Outlook for", "Enviado desde ", "Enviado con ",
	"Enviado mediante ", "Enviado a través ", "Enviado por ",
	"Enviado vía ", "Enviat des d", "Enviat amb ", "Bidalia nire",
	"Obtener Outlook para", "Obtén Outlook para", "Enviado do ",
	"Enviado pelo ", "Enviado via ", "Enviado através ",
	"Enviado a partir d", "Obter o Outlook", "Baixar o Outlook",
	"Envoyé de ", "Envoyé depuis ", "Envoyé à partir de ",
	"Envoyé avec ", "Envoyé par ", "Télécharger Outlook",
	"Obtenir Outlook", "Von meinem ", "Gesendet von ", "Gesendet mit ",
	"Gesendet aus ", "Holen Sie sich Outlook", "Outlook für ",
	"Inviato da", "Inviato con ", "Inviato dal ", "Scarica Outlook",
	"Ottieni Outlook", "Verstuurd vanaf ", "Verzonden vanaf ",
	"Verzonden vanuit ", "Verzonden met ", "Verstuurd met ",
	"Outlook voor ", "Download Outlook", "Skickat från ",
	"Skickades från ", "Hämta Outlook", "Sendt fra ", "Sendt med ",
	"Hent Outlook", "Skaff Outlook", "Få Outlook", "Lähetetty ",
	"Hanki Outlook", "Saadetud minu ", "Wysłane z ", "Wysłano z ",
	"Pobierz program Outlook", "Odesláno z ", "Odoslané z ",
	"Poslano s ", "Poslano iz ", "Trimis de pe ", "Trimis din ",
	"Küldve ", "Στάλθηκε από ", "Отправлено с ", "Отправлено из ",
	"Надіслано з ", "Изпратено от ", "Đã gửi từ ", "Dikirim dari ",
	"发自我的", "从我的", "寄自", "נשלח מה", "تم الإرسال من ",
	"Yahoo Mail: ", "Libre de virus", "Sin virus.", "Virus-free.",
	"Sans virus.", "Virenfrei.", "Privo di virus", "Livre de vírus", 0
};

const char *const mail_device_ends[] = {
	"iPhoneから送信", "iPadから送信", "から送信", "에서 보냄",
	"ile gönderildi", "dan gönderildi", "den gönderildi", 0
};

const char *const mail_regards[] = {
	"saludos", "saludo", "un saludo", "un cordial saludo",
	"saludos cordiales", "cordiales saludos", "un saludo cordial",
	"muchos saludos", "saludos y gracias", "cordialmente",
	"muy cordialmente", "atentamente", "muy atentamente", "atte",
	"un abrazo", "abrazos", "quedo atento", "quedo atenta",
	"quedo al pendiente", "quedo pendiente", "salutacions", "salutacions "
	"cordials", "regards", "best regards", "kind regards", "warm regards",
	"with kind regards", "many regards", "best wishes", "all the best",
	"cheers", "sincerely", "yours sincerely", "sincerely yours",
	"yours faithfully", "yours truly", "best", "cordialement",
	"bien cordialement", "très cordialement", "bien à vous",
	"salutations", "salutations distinguées", "cordiales salutations",
	"mit freundlichen grüßen", "mit freundlichen grüssen", "mfg",
	"freundliche grüße", "viele grüße", "beste grüße", "liebe grüße",
	"schöne grüße", "herzliche grüße", "gruß", "lg", "vg",
	"cordiali saluti", "distinti saluti", "saluti", "un caro saluto",
	"atenciosamente", "cumprimentos", "com os melhores cumprimentos",
	"cordiais saudações", "abraços", "um abraço", "att",
	"met vriendelijke groet", "met vriendelijke groeten",
	"vriendelijke groet", "vriendelijke groeten", "groeten", "groetjes",
	"med vänlig hälsning", "med vänliga hälsningar", "vänliga hälsningar",
	"hälsningar", "mvh", "med venlig hilsen", "venlig hilsen", "hilsen",
	"med vennlig hilsen", "vennlig hilsen", "ystävällisin terveisin",
	"terveisin", "pozdrawiam", "z poważaniem", "s pozdravem", "üdvözlettel",
	"cu respect", "saygılarımla", "с уважением", "С уважением",
	"З повагою", 0
};

const char *const mail_thanks[] = {
	"gracias", "muchas gracias", "mil gracias", "muchísimas gracias",
	"gracias y saludos", "de antemano gracias", "gracias de antemano",
	"thanks", "thank you", "many thanks", "thanks a lot", "thx",
	"thank you very much", "thanks in advance", "merci", "merci beaucoup",
	"danke", "vielen dank", "grazie", "obrigado", "obrigada", "gràcies",
	"moltes gràcies", "graciñas", "eskerrik asko", "bedankt", "dank u",
	"tack", "takk", "tak", "kiitos", "dziękuję", "спасибо", 0
};

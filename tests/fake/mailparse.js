// usage: node mailparse.js FILE ...
//
// Each mail as npm's mailparser reads it, one object a line.  NODE_PATH says
// where mailparser is.
'use strict';
const fs = require('fs');
const crypto = require('crypto');
const { simpleParser } = require('mailparser');

const person = (field) => !field ? [] :
    field.value.map((a) => ({ name: a.name, address: a.address }));

const attachment = (a) => ({
  type: a.contentType,
  filename: a.filename,
  cid: a.cid,
  related: a.related === true,
  disposition: a.contentDisposition,
  method: a.headers.get('content-type').params.method,
  sha256: crypto.createHash('sha256').update(a.content).digest('hex')
});

(async () => {
  for (const name of process.argv.slice(2)) {
    const raw = fs.readFileSync(name);
    const keep = { keepCidLinks: true, skipTextToHtml: true,
      skipHtmlToText: true, skipTextLinks: true, maxHtmlLengthToParse: 1e9 };
    const m = await simpleParser(raw, keep);
    const shown = await simpleParser(raw, { ...keep, keepCidLinks: false });
    console.log(JSON.stringify({
      from: person(m.from), to: person(m.to), reply_to: person(m.replyTo),
      subject: m.subject, text: m.text, html: m.html || '',
      message_id: m.messageId,
      // With the pictures put in: none is left that could not be found.
      pictures: ((shown.html || '').match(/data:image\/[a-z]+;base64,/g) ||
          []).length,
      attachments: m.attachments.map(attachment)
    }));
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});

// Turns a page into a document with the npm package html-to-docx: `node html_to_docx_script.js PAGE.html TARGET.docx HEAD`.
// NODE_PATH set. The page's styles are not read; the head stands on every page, with the page's number at its foot.
"use strict";
const fs = require("fs");
const htmlToDocx = require("html-to-docx");

const [page, target, head] = process.argv.slice(2);
const options = { header: Boolean(head), footer: true, pageNumber: true, table: { row: { cantSplit: true } } };
htmlToDocx(fs.readFileSync(page, "utf8"), head ? `<p>${head}</p>` : null, options).then((bytes) => fs.writeFileSync(target, bytes));

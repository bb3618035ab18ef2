// Writes a sheet with the npm package docx: `node docx_script.js SHEET.json TARGET.docx`, NODE_PATH set.
// Knows nothing of ours but the sheet: footnotes, comments, tracked changes and lists are those of the package.
"use strict";
const fs = require("fs");
const d = require("docx");

const sheet = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const layout = sheet.layout;
const mm = (length) => Math.round(length * 56.69);
const comments = [];
let numLists = 0;

const levels = (format, text) => [0, 1].map((level) => ({
  level, format: level ? d.LevelFormat.BULLET : format, text: level ? "–" : text, alignment: d.AlignmentType.LEFT,
  style: { paragraph: { indent: { left: mm(8 + 6 * level), hanging: mm(6) } } },
}));
const numbering = { config: [
  { reference: "points", levels: levels(d.LevelFormat.BULLET, "•") },
  { reference: "steps", levels: levels(d.LevelFormat.DECIMAL, "%1.") },
  { reference: "letters", levels: levels(d.LevelFormat.LOWER_LETTER, "(%1)") },
] };

// The words of a block: footnotes, deletions and italics at their marks.
function runs(text) {
  let italics = false, deleted = false;
  const date = "2024-02-03T10:00:00Z";
  return text.split(/(⟦\d+⟧|[⟪⟫⌫⌦])/).flatMap((part) => {
    const mark = part.match(/^⟦(\d+)⟧$/);
    if (mark) return [new d.FootnoteReferenceRun(Number(mark[1]))];
    if ("⟪⟫".includes(part) && part) italics = part === "⟪";
    else if ("⌫⌦".includes(part) && part) deleted = part === "⌫";
    else if (part && deleted) return [new d.DeletedTextRun({ text: part, id: 900 + text.length, author: "A. Reader", date })];
    else if (part) return [new d.TextRun({ text: part, italics })];
    return [];
  });
}

function paragraph(block, waiting) {
  const options = { children: runs(block.text) };
  if (block.kind === "title") options.heading = d.HeadingLevel.TITLE;
  else if (block.kind === "heading") options.heading = block.level === 2 ? d.HeadingLevel.HEADING_2 : d.HeadingLevel.HEADING_1;
  else if (block.kind === "item") {
    const reference = block.is_numbered ? (block.marker.startsWith("(") ? "letters" : "steps") : "points";
    options.numbering = { reference, level: block.level, instance: numLists };
  } else if (layout.has_indents) options.indent = { firstLine: mm(5) };
  if (block.kind === "quote") options.indent = { left: mm(12), right: mm(12) };
  for (const text of waiting) {
    const id = comments.length;
    comments.push({ id, author: "A. Reader", initials: "AR", date: new Date(0), children: [new d.Paragraph(text)] });
    options.children = [new d.CommentRangeStart(id), ...options.children, new d.CommentRangeEnd(id),
      new d.TextRun({ children: [new d.CommentReference(id)] })];
  }
  return new d.Paragraph(options);
}

const children = [];
let rows = [], waiting = [], before = null;
for (const block of [...sheet.blocks, { kind: "end" }]) {
  if (block.kind === "row") rows.push(new d.TableRow({ tableHeader: !rows.length,
    children: block.cells.map((text) => new d.TableCell({ children: [new d.Paragraph(text)] })) }));
  else if (rows.length) { children.push(new d.Table({ rows, width: { size: 100, type: d.WidthType.PERCENTAGE } })); rows = []; }
  if (block.kind === "comment") waiting.push(block.text);
  else if (!["row", "end"].includes(block.kind)) {
    if (block.is_numbered && !(before && before.is_numbered)) numLists += 1;
    children.push(paragraph(block, waiting));
    waiting = [];
  }
  before = block;
}
const notes = Object.fromEntries(Object.entries(sheet.notes).map(([number, text]) => [number, { children: [new d.Paragraph(text)] }]));
const label = [new d.TextRun({ children: ["Page ", d.PageNumber.CURRENT, " of ", d.PageNumber.TOTAL_PAGES] })];
const headers = layout.left_head ? { default: new d.Header({ children: [new d.Paragraph(layout.left_head)] }) } : {};
const file = new d.Document({
  title: sheet.title, footnotes: notes, numbering, comments: comments.length ? { children: comments } : undefined,
  sections: [{ headers, footers: { default: new d.Footer({ children: [new d.Paragraph({ children: label })] }) }, children,
    properties: { page: { size: { width: mm(layout.width), height: mm(layout.height) } } } }],
});
d.Packer.toBuffer(file).then((bytes) => fs.writeFileSync(process.argv[3], bytes));

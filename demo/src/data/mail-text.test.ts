import { bareSubject, mailText } from './mail-text.js';

const raw = [
  'From someone@example.org  Thu Aug 22 14:23:39 2002',
  'Return-Path: <someone@example.org>',
  'List-Id: Secret List <secret.example.org>',
  'X-Spam-Status: tell-tale',
  'Subject: Re: [Secret] Fwd: lunch on Friday',
  'Content-Type: text/plain; charset=us-ascii',
  '',
  'I can come at noon, ask jm@example.org or see http://example.org/x?y=1 for more.',
  '',
  'On Monday Ann wrote:',
  '> Who comes to lunch?',
  '-- ',
  'Bob, Secret List',
].join('\n');

describe('mailText', () => {
  it('drops headers, quotations, addresses, links, list tags and the signature', async () => {
    expect(await mailText(raw)).toEqual({
      subject: 'lunch on Friday',
      body: 'I can come at noon, ask address or see link for more.',
    });
  });

  it('reads the visible text of an HTML mail in quoted-printable', async () => {
    const html = [
      'Subject: =?iso-8859-1?Q?Caf=E9?=',
      'MIME-Version: 1.0',
      'Content-Type: text/html; charset="iso-8859-1"',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      '<html><head><style>p {color: red}</style></head><body bgcolor=3D"#fff"><p>Buy <b>now</b> =',
      'for 5=80</p><img src=3D"http://x/y.gif"></body></html>',
    ].join('\r\n');
    const { subject, body } = await mailText(html);
    expect(subject).toBe('Café');
    expect(body).toMatch(/^Buy now for 5/);
    expect(body).not.toMatch(/[<>]|color|gif|http/);
  });
});

describe('bareSubject', () => {
  it.each([
    ['Re: [ILUG] Re: mail', 'mail'],
    ['Fwd: fw: RE[2]: hello', 'hello'],
    ['hello (fwd)', 'hello'],
    ['Reward: 100 %', 'Reward: 100 %'],
  ])('%s', (subject, expected) => {
    expect(bareSubject(subject)).toBe(expected);
  });
});

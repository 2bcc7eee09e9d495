// SPDX-License-Identifier: Apache-2.0
// Shows openapi.json. Everything goes in as text, never as HTML.

/** @param {string} name @param {...(Node|string)} children */
function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

/** The object that a "$ref" names. */
function resolve(spec, value) {
  let found = value;
  while (found?.$ref) {
    found = found.$ref.slice(2).split('/').reduce((at, key) => at[key], spec);
  }
  return found;
}

function typeOf(spec, schema) {
  const s = resolve(spec, schema);
  if (s.enum) return s.enum.join(', ');
  if (s.const !== undefined) return String(s.const);
  if (s.oneOf) return s.oneOf.map((one) => typeOf(spec, one)).join(' or ');
  return s.type === 'array' ? `array of ${typeOf(spec, s.items)}` : s.type;
}

function limitsOf(schema) {
  const limit = (low, high, unit) =>
    low !== undefined && high !== undefined ? `${low} to ${high}${unit}` : '';
  return limit(schema.minLength, schema.maxLength, ' characters') ||
    limit(schema.minItems, schema.maxItems, ' items') || limit(schema.minimum, schema.maximum, '');
}

/** A table of an object's members; nothing for other values. */
function members(spec, schema) {
  const s = resolve(spec, schema);
  if (!s.properties) return [];
  const rows = Object.entries(s.properties).map(([name, member]) => {
    const m = resolve(spec, member);
    const note = [limitsOf(m), m.description].filter(Boolean).join('. ');
    return element('tr', element('td', element('code', name)),
      element('td', typeOf(spec, member)), element('td', note));
  });
  return [element('table', ...rows)];
}

function content(spec, part) {
  return Object.entries(part.content ?? {}).flatMap(([type, { schema, example }]) => [
    element('p', element('code', type)),
    ...members(spec, schema),
    ...(example ? [element('pre', JSON.stringify(example, null, 2))] : []),
  ]);
}

function example(method, path, body) {
  const [first] = Object.values(body?.content ?? {});
  const data = first?.example
    ? ` \\\n  -H 'Content-Type: application/json' \\\n  -d '${
      JSON.stringify(first.example).replaceAll("'", "'\\''")}'`
    : '';
  return element('pre', `curl -s${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} ${
    location.origin}${path}${data}`);
}

function section(spec, path, method, operation) {
  const name = element('span', method.toUpperCase());
  name.className = 'method';
  const responses = Object.entries(operation.responses).map(([status, response]) => {
    const r = resolve(spec, response);
    return element('tr', element('td', element('code', status)), element('td', r.description));
  });
  return element('section',
    element('h2', name, element('code', path)),
    element('p', operation.summary + '.'),
    ...(operation.description ? [element('p', operation.description)] : []),
    example(method, path, operation.requestBody),
    ...(operation.requestBody
      ? [element('h3', 'Request'), element('p', operation.requestBody.description),
        ...content(spec, operation.requestBody)]
      : []),
    element('h3', 'Answer'), ...content(spec, resolve(spec, operation.responses['200'])),
    element('h3', 'Statuses'), element('table', ...responses));
}

const main = document.getElementById('operations');
const spec = await (await fetch('openapi.json')).json();
document.getElementById('title').textContent = `${spec.info.title} ${spec.info.version}`;
document.getElementById('description').prepend(`${spec.info.description} `);
for (const [path, methods] of Object.entries(spec.paths)) {
  for (const [method, described] of Object.entries(methods)) {
    main.append(section(spec, path, method, described));
  }
}
main.removeAttribute('aria-busy');

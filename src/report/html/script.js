// What only a script can do: one moment pointed at in all charts, a scheme chosen by hand, commands copied, keys for pages.
(() => {
  'use strict';
  const root = document.documentElement;
  root.classList.add('scripted');

  // Scheme: the system's until it is chosen, then the chosen one, also next time.
  const button = document.querySelector('.scheme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  const remember = (scheme) => { try { localStorage.setItem('brownout-scheme', scheme); } catch { /* not allowed here */ } };
  const remembered = () => { try { return localStorage.getItem('brownout-scheme'); } catch { return null; } };
  const scheme = () => root.style.colorScheme || (system.matches ? 'dark' : 'light');
  const other = () => (scheme() === 'dark' ? 'light' : 'dark');
  const name = () => { button.textContent = other() === 'dark' ? 'Dark' : 'Light'; button.setAttribute('aria-label', `Switch to ${other()} colours`); };
  if (['light', 'dark'].includes(remembered())) root.style.colorScheme = remembered();
  button.addEventListener('click', () => { root.style.colorScheme = other(); remember(scheme()); name(); });
  system.addEventListener('change', name);
  name();

  // Commands.
  document.addEventListener('click', async (event) => {
    const copy = event.target.closest('[data-copy]');
    if (!copy) return;
    const was = copy.textContent;
    try { await navigator.clipboard.writeText(copy.dataset.copy); copy.textContent = 'Copied'; } catch {
      getSelection().selectAllChildren(copy.parentElement.querySelector('code'));
      copy.textContent = 'Selected';
    }
    setTimeout(() => { copy.textContent = was; }, 1500);
  });

  // One moment in all charts of a page. Data is read when a chart of it is first pointed at.
  const scenes = new Map();
  const scene = (page) => {
    if (!scenes.has(page)) {
      const data = JSON.parse(page.querySelector('script[type="application/json"]').textContent);
      const slots = new Map();
      for (const slot of page.querySelectorAll('[data-s]')) {
        slots.set(slot.dataset.s, [...(slots.get(slot.dataset.s) || []), slot]);
        slot.dataset.rest = slot.textContent;
      }
      const cursors = [...page.querySelectorAll('.linked')].map((plot) => {
        const cursor = document.createElement('div');
        cursor.className = 'cursor';
        cursor.hidden = true;
        return plot.appendChild(cursor);
      });
      scenes.set(page, { ...data, slots, cursors, said: page.querySelector('.said'), at: null });
    }
    return scenes.get(page);
  };
  const few = (number, digits) => number.toLocaleString('en-US', { maximumFractionDigits: digits });
  const percent = (share) => (share > 0.9995 && share < 1 ? '>99.9%' : `${few(share * 100, 1)}%`);
  const span = (s) => (s >= 10 ? `${few(s, 1)} s` : s >= 1 ? `${few(s, 2)} s` : `${few(s * 1000, s < 0.01 ? 1 : 0)} ms`);
  const written = (value, unit) => value === '' || value === undefined ? '–'
    : unit === '%' ? percent(value) : unit === '/s' ? `${few(value, value < 10 ? 2 : 1)}/s` : unit === 's' ? span(value)
    : unit === 'w' ? value : few(value, 0);
  const clock = (t, end) => {
    if (end <= 120) return `${few(t, end < 10 ? 2 : 1)} s`;
    const whole = Math.round(t), pad = (n) => String(n).padStart(2, '0');
    const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return end >= 3600 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
  };
  const show = (page, plot, t) => {
    const all = scene(page);
    all.at = t;
    const phase = all.phases.find(([, from, to]) => t >= from && t < to);
    const when = clock(t, all.end) + (phase ? ` · ${phase[0]}` : '');
    for (const cursor of all.cursors) {
      cursor.hidden = false;
      cursor.style.left = `${(t / all.end) * 100}%`;
      cursor.dataset.when = when;
      cursor.classList.toggle('here', cursor.parentElement === plot);
      cursor.classList.toggle('late', t > all.end * 0.7);
    }
    const said = [];
    const figure = plot.closest('figure');
    for (const [key, label, unit, width, values] of all.series) {
      const value = written(values[Math.floor(t / width + 1e-9)], unit);
      for (const slot of all.slots.get(key) || []) {
        slot.textContent = value;
        if (figure && figure.contains(slot)) said.push(`${label} ${value}`);
      }
    }
    page.classList.add('pointed');
    return `${when.replace(' · ', ', ')}: ${said.join(', ')}`;
  };
  const rest = (page) => {
    if (!scenes.has(page) || scene(page).at === null) return;
    const all = scene(page);
    all.at = null;
    all.cursors.forEach((cursor) => { cursor.hidden = true; });
    for (const slots of all.slots.values()) for (const slot of slots) slot.textContent = slot.dataset.rest;
    page.classList.remove('pointed');
  };
  const linked = (event) => {
    const plot = event.target.closest && event.target.closest('.linked');
    return plot ? [plot, plot.closest('.scenario')] : [null, null];
  };
  const point = (event) => {
    const [plot, page] = linked(event);
    if (!plot) return;
    const box = plot.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 0.99999);
    show(page, plot, share * scene(page).end);
  };
  document.addEventListener('pointermove', point);
  document.addEventListener('pointerdown', point);
  document.addEventListener('pointerout', (event) => {
    const [plot, page] = linked(event);
    const to = event.relatedTarget && event.relatedTarget.closest && event.relatedTarget.closest('.linked');
    if (plot && !to && event.pointerType === 'mouse') rest(page);
  });
  document.addEventListener('focusout', (event) => { const [plot, page] = linked(event); if (plot) rest(page); });
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [plot, page] = linked(event);
    if (plot) {
      const all = scene(page);
      const step = all.series[0][3] * (event.shiftKey ? 10 : 1);
      const last = all.end * 0.99999;
      const middle = (Math.floor((all.at ?? 0) / step) + 0.5) * step;
      const to = { ArrowLeft: all.at === null ? 0 : middle - step, ArrowRight: all.at === null ? 0 : middle + step, Home: 0, End: last }[event.key];
      if (to !== undefined) {
        event.preventDefault();
        all.said.textContent = show(page, plot, Math.min(Math.max(to, 0), last));
        return;
      }
      if (event.key === 'Escape') { rest(page); return; }
    }
    // Pages: j and k to the next and the one before, u up to all of them.
    if (event.target.closest && event.target.closest('input, textarea, select')) return;
    const rel = { j: 'next', k: 'prev', u: 'up' }[event.key];
    const page_ = rel && [...document.querySelectorAll('.page')].find((one) => one.offsetParent !== null);
    const link = page_ && page_.querySelector(`a[rel="${rel}"]`);
    if (link) { event.preventDefault(); link.click(); }
  });

  // A page that was asked for begins at its top, and readers begin there too.
  const arrived = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.classList.contains('page')) {
      scrollTo(0, 0);
      const heading = target.querySelector('h1');
      if (heading) { heading.tabIndex = -1; heading.focus({ preventScroll: true }); }
    } else {
      const closed = target.closest('details:not([open])');
      if (closed) closed.open = true;
      if (target.matches('details')) target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener('hashchange', arrived);

  // Search among the scenarios of a suite: by name, folder and description.
  const find = document.querySelector('.find');
  if (find) find.addEventListener('input', () => {
    const wanted = find.value.trim().toLowerCase();
    for (const group of document.querySelectorAll('.suite tbody')) {
      const folder = group.rows[0].textContent;
      const rows = [...group.rows].slice(1);
      for (const row of rows) {
        const text = `${folder} ${row.cells[0].textContent} ${row.cells[0].title}`.toLowerCase();
        row.hidden = !text.includes(wanted);
      }
      group.hidden = rows.every((row) => row.hidden);
    }
  });
  if (location.hash) arrived();
})();

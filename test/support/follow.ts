/** A browser that goes where it is sent, shows the cookies it was given, and confirms what it is asked. The last page. `cookies`: what it keeps. */
export const follow = async (start: string, cookies = new Map<string, string>()): Promise<string> => {
  let [url, form]: readonly [string, URLSearchParams | null] = [start, null];
  for (let hops = 0; hops < 10; hops += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { ...(cookie === '' ? {} : { cookie }), ...(form === null ? {} : { origin: new URL(url).origin }) },
      ...(form === null ? {} : { method: 'POST', body: form }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name !== '') cookies.set(name, value);
    }
    const page = await response.text();
    const location = response.headers.get('location');
    const [, action, state] = question.exec(page) ?? [];
    if (location !== null) [url, form] = [new URL(location, url).href, null];
    else if (action === undefined || state === undefined) return page;
    else [url, form] = [action, new URLSearchParams({ state })];
  }
  throw new Error('It leads in a circle.');
};

const question = /<form method="post" action="([^"]+)"><input type="hidden" name="state" value="([^"]+)">/;

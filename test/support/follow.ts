/** A browser that goes where it is sent, and shows the cookies it was given. The last page. `cookies`: what it keeps. */
export const follow = async (start: string, cookies = new Map<string, string>()): Promise<string> => {
  for (let url = start, hops = 0; hops < 10; hops += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name !== '') cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) return await response.text();
    url = new URL(location, url).href;
  }
  throw new Error('It leads in a circle.');
};

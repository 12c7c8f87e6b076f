/**
 * Cookies of this server. `__Host-` (RFC 6265bis §4.1.3.2), so that no other host can set them; over plain HTTP, which is for trials on one machine, that
 * cannot be had. `Lax`, because people come back here from another site.
 */

export type Cookie = {
  /** The value in a `Cookie` header; null where there is none of the right form. */
  readonly read: (header: string | undefined) => string | null;
  /** The `Set-Cookie` header. Null takes it away. */
  readonly write: (value: string | null) => string;
};

/** Without `maxAgeSecs` it lasts as long as the browser is open. */
export const cookieNamed = (
  name: string,
  publicUrl: string | null,
  { form, maxAgeSecs }: { readonly form: RegExp; readonly maxAgeSecs?: number },
): Cookie => {
  const secure = isSecure(publicUrl);
  const named = nameOf(name, publicUrl);
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  const age = maxAgeSecs === undefined ? '' : `Max-Age=${maxAgeSecs}; `;
  return {
    read: (header) =>
      (header ?? '')
        .split(/;\s*/)
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
        .filter(([key]) => key === named)
        .map(([, value]) => value)
        .find((value) => form.test(value)) ?? null,
    write: (value) =>
      value === null ? `${named}=; Max-Age=0; ${attributes}` : `${named}=${value}; ${age}${attributes}`,
  };
};

const isSecure = (publicUrl: string | null): boolean => publicUrl?.startsWith('https:') === true;
const nameOf = (name: string, publicUrl: string | null): string => (isSecure(publicUrl) ? `__Host-${name}` : name);

/** 256 bits. */
export const tokenForm = /^[\w-]{43}$/;

const session = 'entrain-session';
export const sessionCookieName = (publicUrl: string | null): string => nameOf(session, publicUrl);
export const sessionCookie = (publicUrl: string | null): Cookie => cookieNamed(session, publicUrl, { form: tokenForm });

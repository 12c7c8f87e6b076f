import { describe, expect, it } from 'vitest';
import { connectionId } from '../../src/model/ids.ts';
import { commitsSeen } from './judge-commit.ts';

const connection = connectionId('con_1');
const [one, other] = [{ name: 'w0.1' }, { name: 'w1.1' }];
const asked: { readonly watermark: string | null; readonly full: boolean } = { watermark: 'now', full: false };
const head = (version: number) => ({ connection, version });
const isOfPart = ['a read of con_1 was committed that had not reached its end'];

/** Reads of a tenant, into drafts of what its snapshot was at a version. */
const seen = () => {
  const { onBegin, onReadWhole, judge, forget } = commitsSeen();
  const begun = (by: typeof one, version: number) => {
    const draft = { base: { connection, version }, commit: null };
    onBegin(by, draft);
    return draft;
  };
  return {
    begun,
    forget,
    ends: (by: typeof one) => onReadWhole(connection, by),
    read: (by: typeof one, version: number) => {
      const draft = begun(by, version);
      onReadWhole(connection, by);
      return draft;
    },
    commit: (draft: unknown, version: number, how = asked) => judge(how, draft, head(version)),
  };
};

describe('a commit', () => {
  it('is of a read that reached its end', () => {
    const { begun, read, ends, commit } = seen();
    expect(commit(begun(one, 0), 1)).toEqual(isOfPart);
    expect(commit(read(one, 1), 2)).toEqual([]);
    const draft = begun(one, 2);
    ends(other);
    expect(commit(draft, 3)).toEqual(isOfPart);
  });

  it('is not of a read that broke off, though the one before reached its end and was not committed', () => {
    const { begun, read, commit } = seen();
    read(one, 0);
    expect(commit(begun(one, 0), 1)).toEqual(isOfPart);
  });

  it('is of what was read into this draft, also where whoever wakes after long has begun another meanwhile', () => {
    const { begun, read, commit } = seen();
    const draft = read(one, 0);
    begun(one, 1);
    expect(commit(draft, 1)).toEqual([]);
  });

  it('may be heard of when others have committed since', () => {
    const { read, commit } = seen();
    const [first, second] = [read(one, 0), read(other, 1)];
    // The one has committed version 1, and hears of it only after the other has committed version 2.
    expect(commit(second, 2)).toEqual([]);
    expect(commit(first, 2)).toEqual([]);
  });

  it('is heard of late only where others went by it: two of what was the same are one too many', () => {
    const { read, commit } = seen();
    const [first, second] = [read(one, 1), read(other, 1)];
    expect(commit(second, 2)).toEqual([]);
    expect(commit(first, 2)).toEqual(['version 2 of con_1 was committed twice']);
  });

  it('never brings an older version back, also of what was read before others read on', () => {
    const { read, commit, forget } = seen();
    const [first, second] = [read(one, 1), read(other, 1)];
    expect(commit(second, 3)).toEqual([]);
    expect(commit(first, 2)).toEqual(['the head of con_1 went back from version 3 to 2']);
    forget();
    expect(commit(read(one, 1), 2)).toEqual([]);
  });

  it('that forgets a watermark, and nothing else, takes no read', () => {
    const { begun, commit } = seen();
    expect(commit(begun(one, 1), 2)).toEqual(isOfPart);
    expect(commit(begun(one, 2), 3, { watermark: null, full: false })).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { connectionId } from '../../src/model/ids.ts';
import { commitsSeen } from './judge-commit.ts';

const connection = connectionId('con_1');
const [one, other] = [{ name: 'w0.1' }, { name: 'w1.1' }];
const asked = { watermark: 'now', full: false };
const head = (version: number) => ({ connection, version });

describe('a commit', () => {
  it('is of a read that whoever commits has read to its end', () => {
    const { onReadWhole, judge } = commitsSeen();
    onReadWhole(connection, one);
    expect(judge(other, asked, head(1))).toEqual(['a read of con_1 was committed that had not reached its end']);
    expect(judge(one, asked, head(2))).toEqual([]);
    expect(judge(one, asked, head(3))).toHaveLength(1);
  });

  it('may be heard of when others have committed since', () => {
    const { onReadWhole, judge } = commitsSeen();
    for (const by of [one, other]) onReadWhole(connection, by);
    expect(judge(other, asked, head(2))).toEqual([]);
    onReadWhole(connection, other);
    expect([judge(other, asked, head(3)), judge(one, asked, head(4))]).toEqual([[], []]);
  });
});

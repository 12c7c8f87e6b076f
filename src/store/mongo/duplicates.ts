/** What MongoDB says when a document of this `_id`, or of the value of a unique index, is there already. */

import mongoose from 'mongoose';

const duplicateKey = 11_000;

export const isDuplicate = (error: unknown): boolean =>
  error instanceof mongoose.mongo.MongoServerError && error.code === duplicateKey;

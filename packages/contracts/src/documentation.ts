import { fromBinary } from '@bufbuild/protobuf';
import {
  type FieldDescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FileDescriptorProto,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PATH = join(__dirname, '..', 'documentation.binpb');

/** What the proto says of a field. */
export interface FieldText {
  readonly name: string;
  /** `uint32`, `list of string`, or the full name of a message or an enum. */
  readonly type: string;
  /** Full name of the message that it holds; empty for scalars and enums. */
  readonly message: string;
  readonly comment: string;
}

/** What the proto says of a message. */
export interface MessageText {
  readonly comment: string;
  readonly fields: readonly FieldText[];
}

/** Numbers of `message_type` in a file and of `field` in a message: the steps of the paths of comments. */
const [MESSAGES, FIELDS] = [4, 2];

let texts: ReadonlyMap<string, MessageText> | undefined;

/** Comments of a message of the contract and of its fields, by its full name; undefined for one that is not of this contract. */
export function messageText(typeName: string): MessageText | undefined {
  texts ??= new Map(fromBinary(FileDescriptorSetSchema, readFileSync(PATH)).file.flatMap(textsOf));
  return texts.get(typeName);
}

function textsOf(file: FileDescriptorProto): [string, MessageText][] {
  const comments = new Map(
    file.sourceCodeInfo?.location.map(({ path, leadingComments }) => [path.join('.'), leadingComments]),
  );
  const commentAt = (...path: readonly number[]): string =>
    (comments.get(path.join('.')) ?? '').replace(/\s+/g, ' ').trim();
  return file.messageType.map((message, index) => [
    `${file.package}.${message.name}`,
    {
      comment: commentAt(MESSAGES, index),
      fields: message.field.map((field, at) => ({
        ...fieldText(field),
        comment: commentAt(MESSAGES, index, FIELDS, at),
      })),
    },
  ]);
}

function fieldText(field: FieldDescriptorProto): Omit<FieldText, 'comment'> {
  const named = field.typeName.replace(/^\./, '');
  const single = named === '' ? FieldDescriptorProto_Type[field.type].toLowerCase() : named;
  return {
    name: field.name,
    type: field.label === FieldDescriptorProto_Label.REPEATED ? `list of ${single}` : single,
    message: field.type === FieldDescriptorProto_Type.MESSAGE ? named : '',
  };
}

import type { DescField, DescMessage } from '@bufbuild/protobuf';

/** The contract's name for the oneof of a message that is nothing else: a choice of one method with its parameters. */
const CHOICE = 'kind';

/** Whether a message is a choice: all its fields are members of its one oneof. */
export const isChoice = (message: DescMessage): boolean =>
  message.oneofs.length === 1 &&
  message.oneofs[0]?.name === CHOICE &&
  message.fields.every(({ oneof }) => oneof !== undefined);

/** A field whose value is a choice. */
export type ChoiceField = DescField & { readonly fieldKind: 'message'; readonly message: DescMessage };

export const isChoiceField = (field: DescField): field is ChoiceField =>
  field.fieldKind === 'message' && isChoice(field.message);

export const hasName = ({ name, jsonName }: DescField, key: string): boolean =>
  name === key || jsonName === key;

/** A member of a choice with the field that holds the choice. */
export interface Member {
  readonly choice: ChoiceField;
  readonly member: DescField;
}

/**
 * The members of a message's choices with this name. In a recipe a member may stand where its choice would: `ties: {}` for
 * `method: { ties: {} }`. More than one where two choices have a member of that name.
 */
export const membersNamed = (message: DescMessage, key: string): readonly Member[] =>
  message.fields
    .filter(isChoiceField)
    .flatMap((choice) =>
      choice.message.fields.filter((member) => hasName(member, key)).map((member) => ({ choice, member })),
    );

/** Every name that a recipe may use in a message, in both spellings. */
export const namesIn = (message: DescMessage): readonly string[] =>
  [
    ...message.fields,
    ...message.fields.filter(isChoiceField).flatMap((choice) => choice.message.fields),
  ].flatMap(({ name, jsonName }) => [name, jsonName]);

/** What is added to a model: one parametrisation, one folder. */
export {};
